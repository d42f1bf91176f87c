/* semihosting.c - -semihosting-config, spelled as QEMU's; what would not be done is refused. */
#include "cli/keys.h"
#include <string.h>

static bool set_enable(void *target, const char *value, GError **error)
{
  return cli_parse_switch("-semihosting-config enable", value, &((rvh_config *)target)->semihosting,
                          error);
}

static bool set_userspace(void *target, const char *value, GError **error)
{
  return cli_parse_switch("-semihosting-config userspace", value,
                          &((rvh_config *)target)->semihost_userspace, error);
}

/* auto is gdb's only while one is there; here it is this program's, always. */
static bool set_target(void *target, const char *value, GError **error)
{
  if (!strcmp(value, "native") || !strcmp(value, "auto"))
    return true;
  return cli_fail(error, "leave it out: files and console are this program's",
                  "-semihosting-config: target=%s is not available", value);
}

static bool set_chardev(void *target, const char *value, GError **error)
{
  ((rvh_config *)target)->semihost_chardev = value;
  return true;
}

static bool set_arg(void *target, const char *value, GError **error)
{
  rvh_config *c = target;
  if (c->n_semihost_args == RVH_MAX_ARGS)
    return cli_fail(error, "put several words into one arg=",
                    "-semihosting-config: more than %d arg=", RVH_MAX_ARGS);
  c->semihost_args[c->n_semihost_args++] = value;
  return true;
}

bool cli_semihosting(rvh_config *config, const char *text, GError **error)
{
  static const cli_keyword keys[] = { { "enable", set_enable },
                                      { "target", set_target },
                                      { "chardev", set_chardev },
                                      { "arg", set_arg },
                                      { "userspace", set_userspace } };
  config->semihosting = true;
  return cli_keys_parse("-semihosting-config", text, keys, G_N_ELEMENTS(keys), config, error);
}
