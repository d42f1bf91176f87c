/* names.h - what numbers are called: causes, integer registers, SBI calls and errors.
 * Unknown numbers give NULL: what a guest passes is not ours to trust.
 */
#ifndef RV_TRACE_NAMES_H
#define RV_TRACE_NAMES_H
#include <stdbool.h>
#include <stdint.h>

const char *rv_name_cause(uint64_t cause, bool interrupt);
/* ABI name of x0..x31. */
const char *rv_name_x(unsigned reg);
/* "base" and "probe_extension". The extension may be known and the function not. */
const char *rv_name_sbi_extension(uint64_t eid);
const char *rv_name_sbi_function(uint64_t eid, uint64_t fid);
/* The reverse, in any case of letters. extension NULL: a function of any. */
bool rv_is_sbi_extension(const char *name);
bool rv_is_sbi_function(const char *extension, const char *name);
/* "SBI_ERR_DENIED" without its prefix. */
const char *rv_name_sbi_error(int64_t error);
/* The register by which an interrupt was injected, past mideleg and hideleg, and the bit of it that says
 * so; NULL: by none. */
const char *rv_name_injector(unsigned why, uint64_t cause, unsigned *bit);
/* The sentence of a reason and the manual's rule; reasons out of range give "". */
const char *rv_name_why(unsigned why, const char **rule);
#endif
