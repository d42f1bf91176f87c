/* stats.c - what the simulator did and how much memory it has, for rvh_read_stats. Depends on the
 * counters that the slow paths keep (rv_stats, rv_code), and on the kernel for what is resident.
 */
#include "machine/machine.h"
#include "mmu/mmu.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void add_hart(rvh_stats *s, const rv_hart *h)
{
  const rv_stats *c = &h->stat;
  s->instructions += h->icount;
  s->traps += c->traps;
  s->vm_exits += c->exits;
  s->tlb_misses += c->tlb_fills;
  s->walks_none += c->walks[RV_WALK_NONE];
  s->walks_one += c->walks[RV_WALK_ONE];
  s->walks_two += c->walks[RV_WALK_TWO];
  s->loads_one += c->pte_loads[STAGE_SINGLE];
  s->loads_two += c->pte_loads[STAGE_VS] + c->pte_loads[STAGE_G];
  s->bank_switches += c->banks;
  s->bank_misses += c->bank_misses;
  s->lookups += c->lookups;
  s->links += c->links;
  s->crosses += c->crosses;
  s->tables += sizeof(rv_hart) + sizeof(rv_mmu);
}

static void add_code(rvh_stats *s, const rv_code *c)
{
  s->builds = c->blocks;
  s->decoded = c->ops;
  s->stale = c->stale;
  s->retired = c->retired;
  s->code = c->retired ? c->size : (uint64_t)(c->top - c->arena);
  s->tables += ((uint64_t)1 << RV_HASH_BITS) * sizeof *c->hash;
}

/* Bytes of a mapping that have host memory behind them, by the kernel's pages. */
static uint64_t resident(uint8_t *at, uint64_t size)
{
  enum { CHUNK = 4096 };
  const uint64_t page = sysconf(_SC_PAGESIZE);
  unsigned char in_core[CHUNK];
  uint64_t pages = 0;
  for (uint64_t done = 0; done < size; done += CHUNK * page) {
    const uint64_t n = MIN(size - done, CHUNK * page);
    if (mincore(at + done, n, in_core))
      return 0;
    for (uint64_t i = 0; i < (n + page - 1) / page; i++)
      pages += in_core[i] & 1;
  }
  return pages * page;
}

/* Of /proc, not of getrusage: that one begins with what the caller had before it became us. */
static uint64_t peak(void)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL))
    return 0;
  const char *line = strstr(text, "VmHWM:");
  return line ? g_ascii_strtoull(line + strlen("VmHWM:"), NULL, 10) << 10 : 0;
}

void rvh_read_stats(const rvh_machine *m, rvh_stats *s)
{
  const rv_region *ram = &m->phys.region[0];
  *s = (rvh_stats){ .ram = ram->size, .rss_peak = peak() };
  s->ram_resident = resident(ram->host, ram->size);
  for (unsigned i = 0; i < m->config.n_harts; i++)
    add_hart(s, m->harts[i]);
  add_code(s, m->code);
}
