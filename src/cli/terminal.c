/* terminal.c - raw mode on a terminal, restored on every way out of the process, and QEMU's
 * escape keys. Depends on POSIX termios and on rvh.h for the input codes.
 */
#include "cli/terminal.h"
#include "rvh.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* The one global of the CLI: signal and exit handlers get no context of their own. */
static struct {
  struct termios saved;
  volatile sig_atomic_t raw;
  bool keyboard; /* standard input is a terminal, or was one before that hung up */
  bool escaped;
  rvh_machine *machine; /* whose run is to end before the process does, or NULL */
  volatile sig_atomic_t ended_by;
} terminal;

/* Async-signal-safe: tcsetattr is on POSIX's list. */
static void restore(void)
{
  if (terminal.raw)
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal.saved);
  terminal.raw = 0;
}

/* SA_RESETHAND: the second delivery does what the signal does by default, with its status. */
static void restore_and_die(int number)
{
  restore();
  raise(number);
}

static void catch_signals(void)
{
  static const int deadly[] = { SIGHUP,  SIGINT, SIGQUIT, SIGTERM, SIGPIPE,
                                SIGABRT, SIGBUS, SIGSEGV, SIGILL,  SIGFPE };
  struct sigaction action = { .sa_handler = restore_and_die, .sa_flags = SA_RESETHAND };
  for (size_t i = 0; i < G_N_ELEMENTS(deadly); i++)
    sigaction(deadly[i], &action, NULL);
}

/* A background process that touches the terminal would be stopped by SIGTTOU. */
static bool is_ours(void)
{
  return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp() &&
         tcgetattr(STDIN_FILENO, &terminal.saved) == 0;
}

/* SA_RESETHAND: the second one kills at once. */
static void end_run(int number)
{
  if (terminal.machine) {
    terminal.ended_by = number;
    rvh_request_stop(terminal.machine);
  } else {
    restore_and_die(number);
  }
}

void cli_end_run_on_signal(rvh_machine *machine)
{
  static const int polite[] = { SIGHUP, SIGINT, SIGTERM };
  const struct sigaction action = { .sa_handler = end_run, .sa_flags = (int)SA_RESETHAND };
  terminal.machine = machine;
  for (size_t i = 0; machine && i < G_N_ELEMENTS(polite); i++) {
    struct sigaction before;
    if (sigaction(polite[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* nohup */
      sigaction(polite[i], &action, NULL);
  }
}

void cli_die_of_signal(void)
{
  if (!terminal.ended_by)
    return;
  restore();
  signal(terminal.ended_by, SIG_DFL);
  raise(terminal.ended_by);
}

void cli_terminal_start(void)
{
  terminal.keyboard = isatty(STDIN_FILENO);
  if (!is_ours())
    return;
  struct termios raw = terminal.saved;
  raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON);
  raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  atexit(restore);
  catch_signals();
  terminal.raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

cli_key cli_terminal_key(_Bool *escaped, unsigned char *byte)
{
  const unsigned char ctrl_a = 1;
  if (!*escaped) {
    *escaped = *byte == ctrl_a;
    return *escaped ? CLI_KEY_DROP : CLI_KEY_SEND;
  }
  *escaped = false;
  switch (*byte) {
  case 'x':
    return CLI_KEY_QUIT;
  case 'h':
    return CLI_KEY_HELP;
  case 'c':
    return CLI_KEY_MONITOR;
  case 'a':
  case 1:
    *byte = ctrl_a;
    return CLI_KEY_SEND;
  default:
    return CLI_KEY_DROP;
  }
}

/* A terminal that hangs up ends the run, as the signal does that only the processes get whose
 * controlling terminal it is. */
static bool input_waits(void)
{
  struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
  const bool some = poll(&fd, 1, 0) > 0;
  if (some && (fd.revents & POLLHUP) && terminal.keyboard && !terminal.ended_by)
    end_run(SIGHUP);
  return some;
}

int cli_terminal_read(void *ctx)
{
  unsigned char byte;
  while (input_waits() && read(STDIN_FILENO, &byte, 1) == 1) {
    cli_key key = terminal.raw ? cli_terminal_key(&terminal.escaped, &byte) : CLI_KEY_SEND;
    if (key == CLI_KEY_SEND)
      return byte;
    if (key == CLI_KEY_QUIT)
      return RVH_INPUT_QUIT;
    if (key == CLI_KEY_HELP)
      fputs("\r\nCtrl-A x quits, Ctrl-A a sends Ctrl-A, Ctrl-A c tells of the monitor\r\n", stderr);
    if (key == CLI_KEY_MONITOR)
      fputs("\r\nThe monitor is in gdb: run with -s, attach, and say monitor help\r\n", stderr);
  }
  return RVH_INPUT_NONE;
}
