// strings.c - records and strings as Dhrystone has them: copies, comparisons, searches, a hash and
// a tokenizer, byte by byte and word by word, by small functions that call each other.
#include <stddef.h>

#include "args.h"
#include "sbi.h"

#ifndef ROUNDS
#define ROUNDS 600000
#endif

enum { N_RECORDS = 32, TEXT = 1024 };

struct record {
  struct record *next;
  int kind, value;
  char name[32];
};

static struct record records[N_RECORDS];
static char text[TEXT], copy[TEXT];

static __attribute__((noinline)) size_t length(const char *s)
{
  const char *p = s;
  while (*p)
    p++;
  return p - s;
}

static __attribute__((noinline)) int compare(const char *a, const char *b)
{
  while (*a && *a == *b)
    a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}

static __attribute__((noinline)) void append(char *to, const char *from)
{
  to += length(to);
  while ((*to++ = *from++))
    ;
}

static __attribute__((noinline)) void copy_words(void *to, const void *from, size_t n)
{
  typedef uint64_t __attribute__((may_alias)) word;
  word *d = to;
  const word *s = from;
  for (; n >= 32; n -= 32, d += 4, s += 4)
    d[0] = s[0], d[1] = s[1], d[2] = s[2], d[3] = s[3];
  for (size_t i = 0; i < n / 8; i++)
    d[i] = s[i];
}

static __attribute__((noinline)) uint32_t hash(const char *s)
{
  uint32_t h = 2166136261u;
  for (; *s; s++)
    h = (h ^ (unsigned char)*s) * 16777619u;
  return h;
}

static __attribute__((noinline)) const char *find(const char *s, char c)
{
  while (*s && *s != c)
    s++;
  return *s ? s : NULL;
}

static __attribute__((noinline)) struct record *lookup(struct record *r, const char *name)
{
  for (; r; r = r->next)
    if (compare(r->name, name) == 0)
      return r;
  return NULL;
}

static void number(char *to, unsigned v)
{
  char digits[12];
  int n = 0;
  do
    digits[n++] = '0' + v % 10;
  while (v /= 10);
  while (n)
    *to++ = digits[--n];
  *to = 0;
}

static void make_records(void)
{
  for (int i = 0; i < N_RECORDS; i++) {
    struct record *r = &records[i];
    char digits[12];
    *r = (struct record){ .next = i ? &records[i - 1] : NULL, .kind = i % 5, .value = i * 7 };
    append(r->name, "DHRYSTONE RECORD, NUMBER ");
    number(digits, i * 31);
    append(r->name, digits);
  }
}

static void make_text(void)
{
  uint32_t x = 0x2545f491;
  for (int i = 0; i < TEXT - 1; i++) {
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    text[i] = x % 7 == 0 ? ' ' : 'a' + x % 26;
  }
}

// Words of the text: how many, and a sum of their hashes.
static uint32_t words(const char *s)
{
  char word[64];
  uint32_t sum = 0;
  for (const char *end; (end = find(s, ' ')); s = end + 1) {
    size_t n = end - s;
    if (n > 63)
      n = 63;
    for (size_t i = 0; i < n; i++)
      word[i] = s[i];
    word[n] = 0;
    sum = sum * 33 + hash(word);
  }
  return sum;
}

void bench_main(void);
void bench_main(void)
{
  const unsigned rounds = bench_arg("n=", ROUNDS);
  uint64_t sum = 0;
  make_records();
  make_text();
  const uint64_t before = read_instret();
  for (unsigned i = 0; i < rounds; i++) {
    struct record r;
    copy_words(&r, &records[i % N_RECORDS], sizeof r);
    struct record *found = lookup(&records[(i * 5) % N_RECORDS], r.name);
    sum += found ? found->value + length(found->name) : 1;
    r.value += r.kind == 2 ? 10 : -r.kind;
    copy_words(copy, text, TEXT);
    copy[i % (TEXT - 1)] = ' ';
    if (i % 8 == 0)
      sum = sum * 31 + words(copy);
    sum += r.value;
  }
  bench_report("strings", rounds, "rounds", sum, read_instret() - before);
}
