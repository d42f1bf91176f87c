// float.c - double and single precision as compiled programs use them: an n-body step, a matrix
// product, a Mandelbrot row, conversions. The checksum is of bit patterns, so that a wrong rounding
// is seen.
#include "args.h"
#include "sbi.h"

#ifndef ROUNDS
#define ROUNDS 20000
#endif

typedef struct {
  double x[3], v[3], m;
} body;

static body bodies[5] = {
  { { 0, 0, 0 }, { 0, 0, 0 }, 39.5 },
  { { 4.84, -1.16, -0.10 }, { 0.61, 2.81, -0.02 }, 0.0377 },
  { { 8.34, 4.12, -0.40 }, { -1.01, 1.82, 0.008 }, 0.0113 },
  { { 12.89, -15.11, -0.22 }, { 1.08, 0.87, -0.01 }, 0.0017 },
  { { 15.38, -25.92, 0.18 }, { 0.98, 0.59, -0.03 }, 0.0020 },
};

static double square_root(double v)
{
  double r;
  __asm__("fsqrt.d %0, %1" : "=f"(r) : "f"(v));
  return r;
}

static void advance(double dt)
{
  for (int i = 0; i < 5; i++)
    for (int j = i + 1; j < 5; j++) {
      double d[3], r2 = 0;
      for (int k = 0; k < 3; k++) {
        d[k] = bodies[i].x[k] - bodies[j].x[k];
        r2 += d[k] * d[k];
      }
      const double mag = dt / (r2 * square_root(r2));
      for (int k = 0; k < 3; k++) {
        bodies[i].v[k] -= d[k] * bodies[j].m * mag;
        bodies[j].v[k] += d[k] * bodies[i].m * mag;
      }
    }
  for (int i = 0; i < 5; i++)
    for (int k = 0; k < 3; k++)
      bodies[i].x[k] += dt * bodies[i].v[k];
}

static double a[16][16], b[16][16], c[16][16];

static void multiply(void)
{
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 16; j++) {
      double sum = 0;
      for (int k = 0; k < 16; k++)
        sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
}

static unsigned mandelbrot(float y)
{
  unsigned n = 0;
  for (int i = 0; i < 64; i++) {
    const float x = (float)i / 32 - 1.5f;
    float u = 0, v = 0;
    for (int k = 0; k < 50 && u * u + v * v < 4; k++, n++) {
      const float t = u * u - v * v + x;
      v = 2 * u * v + y;
      u = t;
    }
  }
  return n;
}

static unsigned long bits(double d)
{
  unsigned long v;
  __builtin_memcpy(&v, &d, 8);
  return v;
}

void bench_main(void);
void bench_main(void)
{
  const int rounds = (int)bench_arg("n=", ROUNDS);
  const unsigned long before = read_instret();
  unsigned long sum = 0;
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 16; j++) {
      a[i][j] = (i * 7 + j * 3) % 11 - 5.25;
      b[i][j] = (i * 5 + j) % 13 / 4.0;
    }
  for (int round = 0; round < rounds; round++) {
    advance(0.01);
    multiply();
    a[round & 15][round >> 4 & 15] = c[round & 15][3] / 1024;
    sum += mandelbrot((float)(round & 63) / 64) + (long)c[round & 15][7];
    sum = sum * 31 + bits(bodies[round % 5].x[round % 3]);
  }
  bench_report("float", rounds, "rounds", sum, read_instret() - before);
}
