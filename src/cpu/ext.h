/* ext.h - which extensions a hart has: bits of rv_choices.ext, by row of ext.def. */
#ifndef RV_EXT_H
#define RV_EXT_H
#include <stdint.h>

typedef enum {
#define EXT(id, name, state, spec, brief) EXT_##id,
#include "cpu/ext.def"
  N_EXT
} rv_ext;

/* The second extension that a row of insn.def needs: its own, but for these. */
enum {
#define EXT(id, name, state, spec, brief) ALSO_##id = EXT_##id,
#include "cpu/ext.def"
  EXT_Zfa_Zfh = EXT_Zfa,
  ALSO_Zfa_Zfh = EXT_Zfh
};

/* What -cpu rv64 has, and -cpu max. */
#define RV_EXT_ALWAYS 1
#define RV_EXT_ON 1
#define RV_EXT_OFF 0
#define RV_EXT_OF(ext) 0
static const uint64_t RV_EXT_DEFAULT = 0
#define EXT(id, name, state, spec, brief) | (uint64_t)RV_EXT_##state << EXT_##id
#include "cpu/ext.def"
    ;
#undef RV_EXT_ALWAYS
#undef RV_EXT_ON
#undef RV_EXT_OFF
#undef RV_EXT_OF
/* Bytes that a cache-block operation of any kind works on; told by the device tree. */
enum { RV_CACHE_BLOCK = 64 };

static const uint64_t RV_EXT_ALL = (1ull << N_EXT) - 1;
#endif
