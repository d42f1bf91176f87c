/* test_character.c - src/machine/character.c: consoles of virtio lead where their -chardev says.
 * Nothing runs: the test is the driver, one that knows neither MULTIPORT nor any other feature of
 * the device.
 */
#include "virtio_guest.h"
#include <glib/gstdio.h>
#include <unistd.h>

#define RAM 0x80000000ull
enum { RECEIVE = 0, TRANSMIT = 1 };

static const char *typed; /* what console_read still gives */
static int type(void *ctx) { return *typed ? *typed++ : RVH_INPUT_NONE; }

static char *path_of(const char *name)
{
  g_autofree char *file = g_strdup_printf("rvh-character-%d-%s", getpid(), name);
  return g_build_filename(g_get_tmp_dir(), file, NULL);
}

static rvh_machine *machine(const rvh_chardev *end, FILE *out)
{
  static const uint8_t loop[] = { 0x6f, 0, 0, 0 };
  g_autofree char *kernel = path_of("kernel");
  g_autoptr(GError) error = NULL;
  rvh_config c = RVH_CONFIG_DEFAULT;
  ck_assert(g_file_set_contents(kernel, (char *)loop, sizeof loop, NULL));
  c.ram_size = 8 << 20;
  c.bios = RVH_BIOS_NONE;
  c.kernel = kernel;
  c.console_out = out;
  c.messages = fopen("/dev/null", "w");
  c.console_stdin = true;
  c.console_read = type;
  c.chardevs[c.n_chardevs++] = *end;
  c.devices[c.n_devices++] =
      (rvh_device){ .kind = RVH_VIRTIO_SERIAL_PCI, .chardev = end->id, .slot = RVH_ANY };
  rvh_machine *m = rvh_new(&c, &error);
  ck_assert_msg(m && rvh_load(m, &error), "%s", error ? error->message : "");
  g_unlink(kernel);
  return m;
}

static void say(virtio_guest *g, const char *text)
{
  const vg_part part = { RAM + 0x20000, (uint32_t)strlen(text), false };
  vg_put(g, part.pa, text, part.len);
  vg_add(g, TRANSMIT, 0, &part, 1);
  vg_notify(g, TRANSMIT);
}

/* What is at the end of chardev after the guest said something and somebody typed. */
static void check_stdio(transport kind)
{
  const rvh_chardev end = { .id = "c", .kind = RVH_CHARDEV_STDIO };
  char *out = NULL, got[8] = "";
  size_t n;
  uint32_t head, len;
  FILE *file = open_memstream(&out, &n);
  rvh_machine *m = machine(&end, file);
  virtio_guest g = { .m = m, .kind = kind, .slot = 1, .ram = RAM + 0x10000 };
  const vg_part buffer = { RAM + 0x30000, 4, true };
  vg_up(&g, 2);
  vg_out(&g, 0x10000001, 1, 1); /* the UART listens, too */
  say(&g, "out\n");
  fflush(file);
  ck_assert_str_eq(out, "out\n");
  typed = "abcdefg";
  vg_add(&g, RECEIVE, 0, &buffer, 1);
  rv_board_poll(m);
  ck_assert(vg_used(&g, RECEIVE, &head, &len));
  vg_get(&g, buffer.pa, got, 4);
  ck_assert(len == 4 && !strcmp(got, "abcd"));
  ck_assert(vg_isr(&g) & 1);
  ck_assert_uint_eq(vg_in(&g, 0x10000000, 1), 'e'); /* no buffer any more: it got a byte */
  vg_add(&g, RECEIVE, 1, &buffer, 1);
  rv_board_poll(m);
  ck_assert(vg_used(&g, RECEIVE, &head, &len));
  vg_get(&g, buffer.pa, got, 4);
  ck_assert(len == 2 && !memcmp(got, "fg", 2));
  rvh_free(m);
  fclose(file);
  free(out);
}

/* Without VIRTIO_CONSOLE_F_MULTIPORT the first two queues are port 0 [VIRTIO 5.3.2]. */
START_TEST(what_is_typed_and_said)
{
  check_stdio(PCI_LEGACY);
  check_stdio(PCI_MODERN);
}
END_TEST

START_TEST(a_file_gets_what_is_said)
{
  g_autofree char *path = path_of("file"), *text = NULL;
  const rvh_chardev end = { .id = "c", .kind = RVH_CHARDEV_FILE, .file = path };
  rvh_machine *m = machine(&end, stdout);
  virtio_guest g = { .m = m, .kind = PCI_MODERN, .slot = 1, .ram = RAM + 0x10000 };
  vg_up(&g, 2);
  say(&g, "a line\nand more");
  ck_assert(g_file_get_contents(path, &text, NULL, NULL));
  ck_assert_msg(g_str_has_prefix(text, "a line\n"), "%s", text); /* also if the run is killed now */
  rvh_free(m);
  g_clear_pointer(&text, g_free);
  ck_assert(g_file_get_contents(path, &text, NULL, NULL));
  ck_assert_str_eq(text, "a line\nand more");
  g_unlink(path);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, what_is_typed_and_said);
  tcase_add_test(tc, a_file_gets_what_is_said);
}

UNIT_MAIN("character", add_tests)
