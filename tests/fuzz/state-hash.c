/* state-hash.c - runs programs and prints a chained hash of the machine's state at exact
 * instruction counts: two ways of running, or two builds of the library, must print the same.
 *
 *   state-hash [OPTIONS] (SEED | SEED-SEED | FILE)...
 *     --way=run       the fast engine (default)
 *     --way=observed  an observer of every instruction: the single-step engine
 *     --way=step      rvh_step
 *     --every=N       instructions between two hashes; 0: random stretches (default)
 *     --flags=F       of random programs (program.h)
 *     --harts=N  --limit=N (instructions)  --strict  --tinst-zero
 *     --at=C,K        up to the hash at C as otherwise, then to K in one go: print the state
 *     --tail=N        with --at: also the last N instructions (the single-step engine)
 *
 * The hash is of all harts' x, f, pc, mode, CSRs and reservation, the console's output and, now and
 * then, all of RAM.
 */
#include "cpu/event.h"
#include "machine/machine.h"
#include "priv/csr.h"
#include "program.h"
#include "rvh.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum { BY_RUN, BY_OBSERVED, BY_STEP } way;
enum { FUZZ_RAM = 8 << 20, ROM_RAM = 32 << 20, RAM_EVERY = 64, MAX_TAIL = 64 };

typedef struct {
  way way;
  uint64_t every, limit, at, to; /* to: 0 without --at */
  unsigned flags, harts, tail;
  bool strict, tinst_zero;
} options;

typedef struct {
  const options *o;
  rvh_machine *m;
  uint64_t hash, random, count;
  unsigned hashes;
  struct {
    uint64_t pc;
    uint32_t raw;
    char mode[4];
  } tail[MAX_TAIL];
  uint64_t n_tail;
} run;

/* ---- hashing ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
  return hash ^ hash >> 29;
}

/* The CSRs there are. */
static unsigned csr_numbers(const uint16_t **numbers)
{
  static uint16_t list[4096];
  static unsigned n;
  if (!n)
    for (unsigned csr = 0; csr < 4096; csr++)
      if (rv_csr_describe(csr))
        list[n++] = csr;
  *numbers = list;
  return n;
}

static uint64_t hash_hart(rv_hart *h, uint64_t hash)
{
  const uint16_t *numbers;
  const unsigned n = csr_numbers(&numbers);
  for (unsigned r = 0; r < 32; r++)
    hash = mix(mix(hash, h->x[r]), h->f[r]);
  for (unsigned i = 0; i < n; i++) {
    uint64_t value = 0;
    if (rv_csr_peek(h, numbers[i], &value))
      hash = mix(hash, value);
  }
  hash = mix(mix(hash, h->pc), h->icount);
  hash = mix(mix(hash, h->reservation), h->prv | h->v << 2 | h->wfi << 3 | h->power << 4);
  return mix(mix(hash, h->csr.mip), h->csr.hgatp); /* bits that reads hide */
}

static uint64_t hash_ram(const rvh_machine *m, uint64_t hash)
{
  const rv_region *ram = &m->phys.region[0];
  const uint64_t *word = (const uint64_t *)ram->host;
  uint64_t lane[4] = { hash, 1, 2, 3 };
  for (uint64_t i = 0; i < ram->size / 8; i += 4)
    for (unsigned k = 0; k < 4; k++)
      lane[k] = (lane[k] ^ word[i + k]) * 0x9e3779b97f4a7c15ull + (lane[k] >> 47);
  return mix(mix(lane[0], lane[1]), mix(lane[2], lane[3]));
}

static void hash_state(run *r, bool ram)
{
  for (unsigned i = 0; i < r->o->harts; i++)
    r->hash = hash_hart(r->m->harts[i], r->hash);
  if (ram)
    r->hash = hash_ram(r->m, r->hash);
}

static void on_console(void *ctx, rvh_machine *m, const uint8_t *bytes, size_t n)
{
  run *r = ctx;
  while (n--)
    r->hash = mix(r->hash, *bytes++);
}

static void on_instruction(void *ctx, rvh_machine *m, const rvh_event *e)
{
  run *r = ctx;
  const unsigned i = r->n_tail++ % MAX_TAIL;
  r->tail[i].pc = e->pc;
  r->tail[i].raw = e->raw;
  strcpy(r->tail[i].mode, rv_mode_name(e->from_prv, e->from_v));
}

/* ---- running ---- */

/* Of several harts the number of instructions is the greatest of theirs. */
static void by_steps(run *r, uint64_t end)
{
  rv_hart *h = r->m->harts[0];
  while (h->icount < end && !r->m->ended) {
    if (h->wfi && !h->attention)
      rvh_run(r->m, 1); /* lets time pass */
    else
      rvh_step(r->m, 0);
  }
}

/* To exactly end instructions, or the machine's end. */
static void run_to(run *r, uint64_t end)
{
  const uint64_t now = rvh_instructions(r->m);
  if (end > now && r->o->way == BY_STEP)
    by_steps(r, end);
  else if (end > now)
    rvh_run(r->m, end - now);
  r->count = rvh_instructions(r->m);
}

static uint64_t next_random(run *r, uint64_t n)
{
  r->random = r->random * 6364136223846793005ull + 1442695040888963407ull;
  return (r->random >> 33) % n;
}

/* Instructions up to the next hash: every, or sometimes one, sometimes some thousands. */
static uint64_t stretch(run *r)
{
  static const uint16_t primes[] = { 2, 3, 5, 7, 11, 31, 61, 97, 127, 257, 509 };
  if (r->o->every)
    return r->o->every;
  switch (next_random(r, 6)) {
  case 0:
    return 1;
  case 1:
    return primes[next_random(r, sizeof primes / sizeof *primes)];
  case 2:
    return 1 + next_random(r, 200);
  case 3:
  case 4:
    return 1000;
  default:
    return 2000 + next_random(r, 10000);
  }
}

static void print_tail(const run *r)
{
  uint64_t i = r->n_tail > r->o->tail ? r->n_tail - r->o->tail : 0;
  for (; i < r->n_tail; i++) {
    char text[80];
    rv_disasm(text, sizeof text, r->tail[i % MAX_TAIL].pc, r->tail[i % MAX_TAIL].raw);
    printf("insn %-2s %016" PRIx64 "  %s\n", r->tail[i % MAX_TAIL].mode, r->tail[i % MAX_TAIL].pc,
           text);
  }
}

static void print_hart(const run *r, unsigned id)
{
  rv_hart *h = r->m->harts[id];
  const uint16_t *numbers;
  const unsigned n = csr_numbers(&numbers);
  printf("hart%u.pc %016" PRIx64 "\nhart%u.mode %s%s\n", id, h->pc, id, rv_mode_name(h->prv, h->v),
         h->wfi ? " waits" : "");
  printf("hart%u.count %" PRIu64 "\nhart%u.reservation %016" PRIx64 "\n", id, h->icount, id,
         h->reservation);
  for (unsigned x = 0; x < 32; x++)
    printf("hart%u.x%u %016" PRIx64 "\n", id, x, h->x[x]);
  for (unsigned f = 0; f < 32; f++)
    printf("hart%u.f%u %016" PRIx64 "\n", id, f, h->f[f]);
  for (unsigned i = 0; i < n; i++) {
    uint64_t value = 0;
    if (rv_csr_peek(h, numbers[i], &value))
      printf("hart%u.%s %016" PRIx64 "\n", id, rv_csr_name(numbers[i]), value);
  }
}

/* RAM by pages: a difference is seen, and where. */
static void print_ram(const run *r)
{
  const rv_region *ram = &r->m->phys.region[0];
  for (uint64_t page = 0; page < ram->size; page += 4096) {
    uint64_t hash = 0;
    bool any = false;
    for (unsigned i = 0; i < 4096; i += 8) {
      uint64_t word;
      memcpy(&word, ram->host + page + i, 8);
      hash = mix(hash, word);
      any |= word;
    }
    if (any)
      printf("ram.%" PRIx64 " %016" PRIx64 "\n", ram->base + page, hash);
  }
}

static void print_state(run *r)
{
  if (r->o->to > r->count)
    run_to(r, r->o->to);
  print_tail(r);
  printf("count %" PRIu64 "\n", r->count);
  for (unsigned i = 0; i < r->o->harts; i++)
    print_hart(r, i);
  print_ram(r);
}

static void run_hashed(run *r)
{
  while (!r->m->ended && r->count < r->o->limit) {
    if (r->o->to && r->count >= r->o->at) {
      print_state(r);
      return;
    }
    const uint64_t end = r->count + stretch(r);
    run_to(r, end < r->o->limit ? end : r->o->limit);
    hash_state(r, ++r->hashes % RAM_EVERY == 0);
    if (!r->o->to)
      printf("%" PRIu64 " %016" PRIx64 "\n", r->count, r->hash);
  }
  if (r->o->to) {
    print_state(r);
    return;
  }
  hash_state(r, true);
  printf("end %" PRIu64 " %016" PRIx64 " %s\n", r->count, r->hash,
         r->m->ended ? r->m->result.reason : "limit");
}

/* ---- programs ---- */

/* Extensions that are off by default, and whose instructions the generator writes. */
static const uint64_t OFF_BUT_GENERATED =
    1ull << EXT_Zicond | 1ull << EXT_Zcb | 1ull << EXT_Zacas | 1ull << EXT_Zfh | 1ull << EXT_Zfhmin;

static int fail(const char *what, GError *error)
{
  fprintf(stderr, "state-hash: %s: %s\n", what, error ? error->message : "cannot be written");
  g_clear_error(&error);
  return 126;
}

static int run_file(const options *o, const char *path, const char *name, uint64_t seed,
                    uint64_t ram)
{
  GError *error = NULL;
  FILE *null = fopen("/dev/null", "w");
  rvh_config config = RVH_CONFIG_DEFAULT;
  config.extensions = RV_EXT_DEFAULT | OFF_BUT_GENERATED;
  config.kernel = path;
  config.ram_size = ram;
  config.n_harts = o->harts;
  config.hints = RVH_HINTS_NONE;
  config.strict = o->strict;
  config.htinst_zero = o->tinst_zero;
  config.console_out = config.messages = null;
  run r = { .o = o, .m = rvh_new(&config, &error), .random = seed ^ 0x5851f42d };
  if (!r.m || !rvh_load(r.m, &error))
    return fail(path, error);
  rvh_observe_console(r.m, on_console, &r);
  if (o->way == BY_OBSERVED || o->tail)
    rvh_observe(r.m, 1ull << RV_EV_INSN, on_instruction, &r);
  printf("program %s\n", name);
  run_hashed(&r);
  rvh_free(r.m);
  fclose(null);
  return 0;
}

static int run_seed(const options *o, uint64_t seed, const char *path)
{
  static uint8_t image[FUZZ_MAX];
  char name[24];
  const size_t size = fuzz_generate(seed, o->flags | (o->harts > 1 ? FUZZ_HARTS : 0), image);
  snprintf(name, sizeof name, "%" PRIu64, seed);
  return fuzz_write_elf(path, image, size) ? run_file(o, path, name, seed, FUZZ_RAM)
                                           : fail(path, NULL);
}

/* "7" or "1-200" */
static int run_seeds(const options *o, const char *text)
{
  char path[] = "/tmp/state-hash-XXXXXX", *end;
  const uint64_t first = strtoull(text, &end, 10);
  const uint64_t last = *end == '-' ? strtoull(end + 1, &end, 10) : first;
  const int fd = mkstemp(path);
  int status = fd < 0 ? fail(path, NULL) : 0;
  for (uint64_t seed = first; seed <= last && !status; seed++)
    status = run_seed(o, seed, path);
  if (fd >= 0) {
    close(fd);
    unlink(path);
  }
  return status;
}

/* ---- options ---- */

static bool number(const char *arg, const char *name, uint64_t *value)
{
  const size_t n = strlen(name);
  if (strncmp(arg, name, n))
    return false;
  *value = strtoull(arg + n, NULL, 0);
  return true;
}

static bool parse_way(const char *arg, way *w)
{
  static const char *const names[] = { "--way=run", "--way=observed", "--way=step" };
  for (unsigned i = 0; i < 3; i++)
    if (!strcmp(arg, names[i])) {
      *w = i;
      return true;
    }
  return false;
}

static bool parse(const char *arg, options *o)
{
  uint64_t n = 0;
  if (number(arg, "--every=", &o->every) || number(arg, "--limit=", &o->limit) ||
      parse_way(arg, &o->way))
    return true;
  if (number(arg, "--flags=", &n))
    o->flags = n;
  else if (number(arg, "--harts=", &n))
    o->harts = n;
  else if (number(arg, "--tail=", &n))
    o->tail = n < MAX_TAIL ? n : MAX_TAIL;
  else if (!strcmp(arg, "--strict"))
    o->strict = true;
  else if (!strcmp(arg, "--tinst-zero"))
    o->tinst_zero = true;
  else
    return sscanf(arg, "--at=%" SCNu64 ",%" SCNu64, &o->at, &o->to) == 2;
  return true;
}

int main(int argc, char **argv)
{
  options o = { .harts = 1, .limit = 2000000, .flags = FUZZ_ALL };
  int status = 0;
  for (int i = 1; i < argc && !status; i++) {
    if (argv[i][0] == '-') {
      if (!parse(argv[i], &o)) {
        fprintf(stderr, "state-hash: no option %s: see the top of tests/fuzz/state-hash.c\n",
                argv[i]);
        return 126;
      }
    } else
      status = g_ascii_isdigit(argv[i][0]) ? run_seeds(&o, argv[i])
                                           : run_file(&o, argv[i], argv[i], 0, ROM_RAM);
  }
  return status;
}
