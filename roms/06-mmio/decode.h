/* decode.h - what an MMIO exit has to know of the instruction. */
#include "hv.h"

struct access {
  bool store, is_signed;
  unsigned bytes; /* 1, 2, 4, 8 */
  unsigned reg;   /* rd of a load, rs2 of a store */
  unsigned len;   /* of the instruction: 2 or 4 */
};

struct access decode_htinst(uint64_t htinst);
struct access decode_memory(uint64_t gva);
