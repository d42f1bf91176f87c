/* character.c - -chardev: where the consoles of virtio lead: the machine's own console, a file, or
 * nowhere; and those of semihosting.
 */
#include "machine/machine.h"
#include <errno.h>
#include <string.h>

bool rv_character_open(rvh_machine *m, GError **error)
{
  for (unsigned i = 0; i < m->config.n_chardevs; i++) {
    const rvh_chardev *c = &m->config.chardevs[i];
    if (c->kind == RVH_CHARDEV_FILE && !(m->chardev[i] = fopen(c->file, "w")))
      return rv_plug_fail(error, "give a file that can be written", "-chardev file,id=%s: %s: %s",
                          c->id, c->file, g_strerror(errno));
  }
  return true;
}

void rv_character_free(rvh_machine *m)
{
  for (unsigned i = 0; i < RVH_MAX_CHARDEVS; i++)
    if (m->chardev[i])
      fclose(m->chardev[i]);
}

/* As the machine's console: a run that is killed loses no whole line. */
static void write_file(void *ctx, const uint8_t *bytes, size_t n)
{
  fwrite(bytes, 1, n, ctx);
  if (memchr(bytes, '\n', n))
    fflush(ctx);
}

static rv_console_backend backend_of(rvh_machine *m, unsigned i)
{
  switch (m->config.chardevs[i].kind) {
  case RVH_CHARDEV_STDIO:
    return (rv_console_backend){ m, rv_console_write, rv_console_read };
  case RVH_CHARDEV_FILE:
    return (rv_console_backend){ m->chardev[i], write_file, NULL };
  default:
    return (rv_console_backend){ 0 };
  }
}

bool rv_character_backend(rvh_machine *m, const char *id, const char *what,
                          rv_console_backend *backend, GError **error)
{
  for (unsigned i = 0; i < m->config.n_chardevs; i++)
    if (!g_strcmp0(m->config.chardevs[i].id, id)) {
      *backend = backend_of(m, i);
      return true;
    }
  return rv_plug_fail(error, "define it: -chardev stdio,id=NAME, or file,id=NAME,path=FILE",
                      "%s: no chardev '%s'", what, id);
}

static rv_virtio *add_port(rvh_machine *m, rv_console_backend backend)
{
  rv_virtio *v = rv_virtio_console_new(backend);
  if (v)
    m->port[m->n_ports++] = v;
  return v;
}

rv_virtio *rv_character_port(rvh_machine *m, const rvh_device *d, const char *name, GError **error)
{
  if (!d->chardev)
    return add_port(m, (rv_console_backend){ 0 });
  rv_console_backend backend;
  return rv_character_backend(m, d->chardev, "-device virtconsole", &backend, error)
             ? add_port(m, backend)
             : NULL;
}

void rv_character_poll(rvh_machine *m)
{
  for (unsigned i = 0; i < m->n_ports; i++)
    rv_virtio_console_poll(m->port[i]);
}
