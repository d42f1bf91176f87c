/* base.c - Base extension: which specification, which implementation, which extensions.
 * [sbi ext-base]
 */
#include "priv/csr.h"
#include "sbi/call.h"

static int64_t get_spec_version(rv_sbi *s, rv_sbi_call *c)
{
  c->value = RV_SBI_SPEC_VERSION;
  return SBI_SUCCESS;
}

static int64_t get_impl_id(rv_sbi *s, rv_sbi_call *c)
{
  c->value = RV_SBI_IMPL_ID;
  return SBI_SUCCESS;
}

static int64_t get_impl_version(rv_sbi *s, rv_sbi_call *c)
{
  c->value = RV_SBI_IMPL_VERSION;
  return SBI_SUCCESS;
}

static int64_t probe_extension(rv_sbi *s, rv_sbi_call *c)
{
  c->value = rv_sbi_find(c->arg[0]) != NULL;
  return SBI_SUCCESS;
}

static int64_t get_mvendorid(rv_sbi *s, rv_sbi_call *c)
{
  rv_csr_peek(c->h, CSR_mvendorid, &c->value);
  return SBI_SUCCESS;
}

static int64_t get_marchid(rv_sbi *s, rv_sbi_call *c)
{
  rv_csr_peek(c->h, CSR_marchid, &c->value);
  return SBI_SUCCESS;
}

static int64_t get_mimpid(rv_sbi *s, rv_sbi_call *c)
{
  rv_csr_peek(c->h, CSR_mimpid, &c->value);
  return SBI_SUCCESS;
}

static const rv_sbi_function functions[] = {
  { "get_spec_version", get_spec_version },
  { "get_impl_id", get_impl_id },
  { "get_impl_version", get_impl_version },
  { "probe_extension", probe_extension },
  { "get_mvendorid", get_mvendorid },
  { "get_marchid", get_marchid },
  { "get_mimpid", get_mimpid },
};

const rv_sbi_extension rv_sbi_base = {
  .name = "BASE", .eid = 0x10, .n = sizeof functions / sizeof *functions, .function = functions
};
