// intmix.c - integer mix: linked list, matrix, state machine, CRC; prints one checksum.
// Runs in S-mode under any SBI firmware, and on the host (-DHOST) to obtain the expected checksum.
// No floating point, no division in the inner loops, working set of about 40 KiB.
#include <stddef.h>
#include <stdint.h>

#ifndef ROUNDS
#define ROUNDS 5700
#endif

enum { NODES = 512, DIM = 24, TEXT_LEN = 2048, LOOKUPS = 32 };

static uint32_t rng_state = 0x2545f491;

static uint32_t next_random(void)
{
  uint32_t x = rng_state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return rng_state = x;
}

// --- CRC: bitwise CRC-16/CCITT for results, table CRC-32 for the text ---

static uint32_t crc32_table[256];

static void crc32_init(void)
{
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++)
      c = (c >> 1) ^ (0xedb88320u & -(c & 1u));
    crc32_table[i] = c;
  }
}

static uint32_t crc32(const uint8_t *p, size_t n, uint32_t crc)
{
  crc = ~crc;
  while (n-- > 0)
    crc = (crc >> 8) ^ crc32_table[(crc ^ *p++) & 0xff];
  return ~crc;
}

static uint16_t crc16_add(uint16_t crc, uint32_t value)
{
  for (int i = 0; i < 32; i++) {
    uint32_t bit = (value & 1u) ^ (crc >> 15);
    crc = (uint16_t)((crc << 1) ^ (bit ? 0x1021u : 0u));
    value >>= 1;
  }
  return crc;
}

// --- linked list: build in scattered order, merge sort, look up, reverse ---

typedef struct node {
  struct node *next;
  uint32_t key;
  uint32_t payload;
} node;

static node pool[NODES];

static node *list_build(void)
{
  node *head = NULL;
  for (uint32_t i = 0; i < NODES; i++) {
    node *n = &pool[(i * 197u) % NODES]; // 197 is odd: visits every node once
    n->key = next_random() & 0xffff;
    n->payload = i;
    n->next = head;
    head = n;
  }
  return head;
}

static node *list_merge(node *a, node *b)
{
  node *head = NULL, **tail = &head;
  while (a && b) {
    node **least = a->key <= b->key ? &a : &b;
    *tail = *least;
    tail = &(*least)->next;
    *least = *tail;
  }
  *tail = a ? a : b;
  return head;
}

// Bottom-up merge sort: slot i holds a sorted run of 2^i nodes.
static node *list_sort(node *head)
{
  node *slot[16] = { NULL };
  while (head) {
    node *run = head;
    head = head->next;
    run->next = NULL;
    int i = 0;
    for (; slot[i]; i++) {
      run = list_merge(slot[i], run);
      slot[i] = NULL;
    }
    slot[i] = run;
  }
  node *all = NULL;
  for (int i = 0; i < 16; i++)
    all = list_merge(slot[i], all);
  return all;
}

static node *list_reverse(node *head)
{
  node *done = NULL;
  while (head) {
    node *next = head->next;
    head->next = done;
    done = head;
    head = next;
  }
  return done;
}

static uint32_t list_work(void)
{
  node *head = list_sort(list_build());
  uint32_t sum = 0;
  for (int i = 0; i < LOOKUPS; i++) {
    uint32_t want = next_random() & 0xffff;
    const node *n = head;
    while (n->next && n->key < want)
      n = n->next;
    sum = sum * 31 + n->payload;
  }
  for (const node *n = list_reverse(head); n; n = n->next)
    sum = (sum ^ n->key) * 5 + n->payload;
  return sum;
}

// --- matrix: C = A * B with wrap-around, then a reduction with bit fields and saturation ---

static int16_t mat_a[DIM][DIM], mat_b[DIM][DIM];
static int32_t mat_c[DIM][DIM];

static void matrix_fill(void)
{
  for (int i = 0; i < DIM; i++) {
    for (int j = 0; j < DIM; j++) {
      uint32_t r = next_random();
      mat_a[i][j] = (int16_t)(r & 0xfff);
      mat_b[i][j] = (int16_t)(r >> 16);
    }
  }
}

static uint32_t matrix_work(void)
{
  matrix_fill();
  uint32_t sum = 0;
  for (int i = 0; i < DIM; i++) {
    for (int j = 0; j < DIM; j++) {
      uint32_t acc = 0;
      for (int k = 0; k < DIM; k++)
        acc += (uint32_t)(mat_a[i][k] * mat_b[k][j]);
      mat_c[i][j] = (int32_t)acc;
    }
  }
  for (int i = 0; i < DIM; i++) {
    for (int j = 0; j < DIM; j++) {
      uint32_t v = (uint32_t)mat_c[i][j];
      uint32_t field = ((v >> 2) & 0xf) * ((v >> 5) & 0x7f);
      sum = mat_c[i][j] > mat_c[j][i] ? sum + field : (sum << 1 | sum >> 31) ^ field;
    }
  }
  return sum;
}

// --- state machine: classify the tokens of a random text ---

typedef enum { S_START, S_SIGN, S_INT, S_FRACTION, S_EXPONENT, S_NAME, S_BAD, S_COUNT } state;

static uint8_t text[TEXT_LEN];

static void text_fill(void)
{
  static const char alphabet[] = "0123456789012345,,,,,  +-..eEabcdxyz_";
  for (int i = 0; i < TEXT_LEN; i++) {
    // Multiply instead of modulo: no division in the loop.
    text[i] = (uint8_t)alphabet[((next_random() >> 16) * (sizeof alphabet - 1)) >> 16];
  }
}

static state step(state s, uint8_t c)
{
  int digit = c >= '0' && c <= '9';
  int letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
  switch (s) {
  case S_START:
    return digit                  ? S_INT
           : c == '+' || c == '-' ? S_SIGN
           : c == '.'             ? S_FRACTION
           : letter || c == '_'   ? S_NAME
                                  : S_BAD;
  case S_SIGN:
    return digit ? S_INT : c == '.' ? S_FRACTION : S_BAD;
  case S_INT:
    return digit ? S_INT : c == '.' ? S_FRACTION : (c | 0x20) == 'e' ? S_EXPONENT : S_BAD;
  case S_FRACTION:
    return digit ? S_FRACTION : (c | 0x20) == 'e' ? S_EXPONENT : S_BAD;
  case S_EXPONENT:
    return digit || c == '-' ? S_EXPONENT : S_BAD;
  case S_NAME:
    return letter || digit || c == '_' ? S_NAME : S_BAD;
  default:
    return S_BAD;
  }
}

static uint32_t text_work(void)
{
  uint32_t ends[S_COUNT] = { 0 }, visits[S_COUNT] = { 0 };
  state s = S_START;
  text_fill();
  for (int i = 0; i < TEXT_LEN; i++) {
    if (text[i] == ',' || text[i] == ' ') {
      ends[s]++;
      s = S_START;
    } else {
      s = step(s, text[i]);
      visits[s]++;
    }
  }
  uint32_t sum = crc32(text, TEXT_LEN, 0);
  for (int i = 0; i < S_COUNT; i++)
    sum = sum * 33 + ends[i] + (visits[i] << 12);
  return sum;
}

// --- all of it ---

static uint32_t run(uint32_t rounds)
{
  uint16_t crc = 0xffff;
  uint32_t sum = 0;
  crc32_init();
  for (uint32_t i = 0; i < rounds; i++) {
    uint32_t parts[3];
    parts[0] = list_work();
    parts[1] = matrix_work();
    parts[2] = text_work();
    for (int k = 0; k < 3; k++) {
      crc = crc16_add(crc, parts[k]);
      sum = (sum << 7 | sum >> 25) + parts[k];
    }
  }
  return sum ^ ((uint32_t)crc << 16 | crc);
}

#ifdef HOST
#include <stdio.h>

int main(void)
{
  printf("intmix: %u rounds, checksum %08x\n", ROUNDS, run(ROUNDS));
  return 0;
}
#else
#include "args.h"
#include "sbi.h"

void bench_main(void);
void bench_main(void)
{
  const unsigned rounds = bench_arg("n=", ROUNDS);
  uint64_t before = read_instret();
  uint32_t sum = run(rounds);
  uint64_t count = read_instret() - before;
  bench_report("intmix", rounds, "rounds", sum, count);
}
#endif
