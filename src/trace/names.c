/* names.c - tables of names, out of cause.def and why.def and of the SBI specification 3.0. */
#include "trace/names.h"
#include "cpu/hart.h"
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const exceptions[] = {
#define CAUSE(number, id, text) [number] = text,
#include "priv/cause.def"
};

static const char *const interrupts[] = {
#define INTERRUPT(number, id, text) [number] = text,
#include "priv/cause.def"
};

const char *rv_name_cause(uint64_t cause, bool interrupt)
{
  if (interrupt)
    return cause < COUNT(interrupts) ? interrupts[cause] : NULL;
  return cause < COUNT(exceptions) ? exceptions[cause] : NULL;
}

const char *rv_name_x(unsigned reg)
{
  static const char *const names[32] = {
    "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
  };
  return reg < 32 ? names[reg] : NULL;
}

typedef struct {
  uint64_t eid;
  const char *name;
  const char *function[11]; /* by FID; NULL ends */
} sbi_extension;

/* The extensions since v0.2. An EID is its name in ASCII. [sbi] */
static const sbi_extension extensions[] = {
  { 0x10,
    "base",
    { "get_spec_version", "get_impl_id", "get_impl_version", "probe_extension", "get_mvendorid",
      "get_marchid", "get_mimpid" } },
  { 0x54494D45, "time", { "set_timer" } },
  { 0x735049, "ipi", { "send_ipi" } },
  { 0x52464E43,
    "rfence",
    { "remote_fence_i", "remote_sfence_vma", "remote_sfence_vma_asid", "remote_hfence_gvma_vmid",
      "remote_hfence_gvma", "remote_hfence_vvma_asid", "remote_hfence_vvma" } },
  { 0x48534D, "hsm", { "hart_start", "hart_stop", "hart_get_status", "hart_suspend" } },
  { 0x53525354, "srst", { "system_reset" } },
  { 0x504D55,
    "pmu",
    { "num_counters", "counter_get_info", "counter_config_matching", "counter_start",
      "counter_stop", "counter_fw_read", "counter_fw_read_hi", "snapshot_set_shmem",
      "event_get_info" } },
  { 0x4442434E, "dbcn", { "console_write", "console_read", "console_write_byte" } },
  { 0x53555350, "susp", { "system_suspend" } },
  { 0x43505043, "cppc", { "probe", "read", "read_hi", "write" } },
  { 0x4E41434C, "nacl", { "probe_feature", "set_shmem", "sync_csr", "sync_hfence", "sync_sret" } },
  { 0x535441, "sta", { "set_steal_time_shmem" } },
  { 0x535345,
    "sse",
    { "read_attrs", "write_attrs", "register", "unregister", "enable", "disable", "complete",
      "inject", "hart_unmask", "hart_mask" } },
  { 0x46574654, "fwft", { "set", "get" } },
  { 0x44425452,
    "dbtr",
    { "num_triggers", "setup_shmem", "read_triggers", "install_triggers", "update_triggers",
      "uninstall_triggers", "enable_triggers", "disable_triggers" } },
  { 0x4D505859,
    "mpxy",
    { "get_shmem_size", "set_shmem", "get_channel_ids", "read_attributes", "write_attributes",
      "send_message_with_response", "send_message_without_response", "get_notification_events" } },
};

/* Legacy calls have no FID: the EID is the call. [sbi legacy] */
static const char *const legacy[] = {
  "set_timer",      "console_putchar",   "console_getchar",        "clear_ipi", "send_ipi",
  "remote_fence_i", "remote_sfence_vma", "remote_sfence_vma_asid", "shutdown",
};

static const sbi_extension *find_extension(uint64_t eid)
{
  for (size_t i = 0; i < COUNT(extensions); i++)
    if (extensions[i].eid == eid)
      return &extensions[i];
  return NULL;
}

const char *rv_name_sbi_extension(uint64_t eid)
{
  if (eid < COUNT(legacy))
    return "legacy";
  const sbi_extension *ext = find_extension(eid);
  if (ext)
    return ext->name;
  switch (eid >> 24) { /* ranges without names, for anyone's use [sbi ext-experimental ff.] */
  case 0x08:
    return "experimental";
  case 0x09:
    return "vendor-specific";
  case 0x0A:
    return "firmware-specific";
  }
  return NULL;
}

const char *rv_name_sbi_function(uint64_t eid, uint64_t fid)
{
  if (eid < COUNT(legacy))
    return legacy[eid];
  const sbi_extension *ext = find_extension(eid);
  return ext && fid < COUNT(ext->function) ? ext->function[fid] : NULL;
}

bool rv_is_sbi_extension(const char *name)
{
  for (size_t i = 0; i < COUNT(extensions); i++)
    if (!strcasecmp(extensions[i].name, name))
      return true;
  return !strcasecmp(name, "legacy");
}

static bool among(const char *const *names, size_t n, const char *name)
{
  for (size_t i = 0; i < n && names[i]; i++)
    if (!strcasecmp(names[i], name))
      return true;
  return false;
}

bool rv_is_sbi_function(const char *extension, const char *name)
{
  for (size_t i = 0; i < COUNT(extensions); i++)
    if ((!extension || !strcasecmp(extensions[i].name, extension)) &&
        among(extensions[i].function, COUNT(extensions[i].function), name))
      return true;
  return (!extension || !strcasecmp(extension, "legacy")) && among(legacy, COUNT(legacy), name);
}

const char *rv_name_sbi_error(int64_t error)
{
  static const char *const names[] = {
    "SUCCESS",
    "FAILED",
    "NOT_SUPPORTED",
    "INVALID_PARAM",
    "DENIED",
    "INVALID_ADDRESS",
    "ALREADY_AVAILABLE",
    "ALREADY_STARTED",
    "ALREADY_STOPPED",
    "NO_SHMEM",
    "INVALID_STATE",
    "BAD_RANGE",
    "TIMEOUT",
    "IO",
    "DENIED_LOCKED",
  };
  return error <= 0 && error > -(int64_t)COUNT(names) ? names[-error] : NULL;
}

const char *rv_name_injector(unsigned why, uint64_t cause, unsigned *bit)
{
  *bit = cause & 63;
  switch (why) {
  case WHY_INTERRUPT_MVIEN:
    return "mvien";
  case WHY_INTERRUPT_HVIEN:
    return "hvien";
  case WHY_INTERRUPT_HVICTL:
    *bit = 30; /* VTI */
    return "hvictl";
  default:
    return NULL;
  }
}

const char *rv_name_why(unsigned why, const char **rule)
{
  static const struct {
    const char *text, *rule;
  } reasons[N_WHY] = {
    [WHY_NONE] = { "", "" },
#define WHY(id, text, rule) [WHY_##id] = { text, rule },
#include "priv/why.def"
  };
  if (why >= N_WHY)
    why = WHY_NONE;
  *rule = reasons[why].rule;
  return reasons[why].text;
}
