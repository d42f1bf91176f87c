/* keys.h - what is inside an option's argument: numbers, "key=value,key=value" lists, and the
 * nearest match for what is misspelt. Also the options made of such lists (storage.c, network.c, semihosting.c).
 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H
#include "rvh.h"

/* Sets error to "WHAT\nWAY OUT" and returns false. */
bool cli_fail(GError **error, const char *way_out, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* A decimal or 0x number followed by at most one suffix; each suffix is worth unit times the one
 * before it. Refuses signs, trailing text and overflow. */
bool cli_parse_scaled(const char *text, const char *suffixes, uint64_t unit, uint64_t *value);

/* The index of the name most like word, or n if none is alike. name_at may return NULL. */
size_t cli_nearest(const char *word, const char *(*name_at)(const void *table, size_t i),
                   const void *table, size_t n);

typedef struct {
  const char *name;
  bool (*set)(void *target, const char *value, GError **error);
} cli_keyword;

/* Takes "key=value,..." apart as QEMU does: ",," in a value is a comma, a key alone means "on".
 * Calls the setters of table; what is not in it is an error that names the nearest. Values live
 * as long as the program. what is the option, for messages. */
bool cli_keys_parse(const char *what, const char *text, const cli_keyword *table, size_t n,
                    void *target, GError **error);
bool cli_parse_switch(const char *key, const char *value, bool *on, GError **error);

/* storage.c: one -drive, -device, -object, -global or -machine each. */
bool cli_drive(rvh_config *config, const char *text, GError **error);
bool cli_device(rvh_config *config, const char *text, GError **error);
bool cli_object(const char *text, GError **error);
bool cli_global(rvh_config *config, const char *text, GError **error);
/* network.c: one -netdev, -nic, -net or -chardev each; after the last one cli_net_finish. */
bool cli_netdev(rvh_config *config, const char *text, GError **error);
bool cli_nic(rvh_config *config, const char *text, GError **error);
bool cli_net(rvh_config *config, const char *text, GError **error);
void cli_net_finish(rvh_config *config);
bool cli_chardev(rvh_config *config, const char *text, GError **error);
/* semihosting.c: one -semihosting-config. */
bool cli_semihosting(rvh_config *config, const char *text, GError **error);
/* Six bytes in hexadecimal, "52:54:00:12:34:56". */
bool cli_parse_mac(const char *text, uint8_t mac[6]);
/* -machine virt[,aia=none|aplic|aplic-imsic][,aia-guests=N][,dumpdtb=FILE] */
bool cli_machine(rvh_config *config, const char *text, GError **error);
/* Is the program in flash unit 0? */
bool cli_boots_flash(const rvh_config *config);
#endif
