/* terminal.h - the terminal as the guest's console: raw mode, and Ctrl-A as the way out. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H
#include "rvh.h"

/* Puts a terminal on standard input into raw mode; it is restored at exit() and by the signals
 * that end a process. Does nothing if standard input is no terminal, or not ours to change. */
void cli_terminal_start(void);

/* The first Ctrl-C, SIGTERM or SIGHUP from now on requests the machine to stop, so that its logs get
 * their end, instead of killing the process; call it after cli_terminal_start. NULL: no more. */
void cli_end_run_on_signal(rvh_machine *machine);
/* Dies of the signal that ended the run so, if there was one. */
void cli_die_of_signal(void);

/* For rvh_config.console_read: the next byte typed, RVH_INPUT_NONE, or RVH_INPUT_QUIT for
 * Ctrl-A x. Ctrl-A Ctrl-A and Ctrl-A a send Ctrl-A itself, Ctrl-A h prints help, Ctrl-A c where the monitor is. */
int cli_terminal_read(void *ctx);

/* What a byte means after those before it; *escaped remembers a Ctrl-A. For tests. */
typedef enum { CLI_KEY_SEND, CLI_KEY_DROP, CLI_KEY_QUIT, CLI_KEY_HELP, CLI_KEY_MONITOR } cli_key;
cli_key cli_terminal_key(_Bool *escaped, unsigned char *byte);
#endif
