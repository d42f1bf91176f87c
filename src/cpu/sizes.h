/* sizes.h - how much is kept: translations, regimes, jump targets, decoded code.
 *
 * No guest can tell. tests/fuzz builds the library with the least that works (RVH_SMALL), and with
 * nothing kept, so that every access takes the slow path (RVH_KEEP_NOTHING), and compares.
 */
#ifndef RV_SIZES_H
#define RV_SIZES_H

#ifndef RVH_SMALL
enum {
  RV_TLB_SIZE = 256,  /* entries of a bank's read and write TLB: a power of two, at least 2 */
  RV_HLVX_SIZE = 16,  /* and of what hlvx has read */
  RV_JC_SIZE = 1024,  /* and of its jump cache */
  RV_BANKS = 160,     /* regimes of a hart */
  RV_FILL_LOG = 192,  /* fills of a bank that are remembered one by one */
  RV_FETCHES = 256,   /* pages of code whose place a hart remembers: a power of two */
  RV_WALKS = 512,     /* last-level tables a stage remembers: a power of two */
  RV_HASH_BITS = 16,  /* of the table of blocks */
  RV_MAX_SEG = 64,    /* instructions of a segment: the len4 bitmap */
  RV_MAX_INSNS = 128, /* of a block: bounds the work thrown away when a page goes stale */
  RV_CODE_DEFAULT = 44 << 20, /* bytes of the arena of blocks; native.c takes 1.8 times that */
};
#else
enum {
  RV_TLB_SIZE = 2,
  RV_HLVX_SIZE = 2,
  RV_JC_SIZE = 2,
  RV_BANKS = 2,
  RV_FILL_LOG = 3,
  RV_FETCHES = 1,
  RV_WALKS = 2,
  RV_HASH_BITS = 2,
  RV_MAX_SEG = 2,
  RV_MAX_INSNS = 3,
  RV_CODE_DEFAULT = 4096, /* some ten blocks: retired all the time */
};
#endif

#ifdef RVH_KEEP_NOTHING
enum { RV_KEEP = 0 };
#else
enum { RV_KEEP = 1 };
#endif
#endif
