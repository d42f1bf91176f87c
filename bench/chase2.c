// chase2.c - the pointer chase of chase.c in a guest: 4 KiB pages at the VS-stage and at the G-stage,
// one pointer a page, in random order. [priv hypervisor#two-stage-translation]
#include "vm.h"

#include "args.h"
#include "sbi.h"

#ifndef PAGES
#define PAGES 256
#endif
#ifndef STEPS
#define STEPS 50000000
#endif
#ifndef NAME
#define NAME "chase2_1m"
#endif

enum { PTE_V = 1, PTE_RWX = 14, PTE_U = 16, PTE_AD = 192, UNROLL = 16 };
#define SV39 (8ul << 60)
#define RAM_BASE 0x80000000ul
#define DATA_PA 0x82000000ul // 2 MiB aligned, above this program; identity at both stages

static uint64_t pte(uint64_t pa, uint64_t flags) { return pa >> 12 << 10 | flags | PTE_V; }

// RAM by 2 MiB pages, but the cells by 4 KiB. Returns the root, whose table has that size.
static uint64_t fill(uint64_t pages, uint64_t user, uint64_t root_size)
{
  const uint64_t n_last = (pages + 511) / 512, first = (DATA_PA - RAM_BASE) >> 21;
  const uint64_t n_middle = (first + n_last + 511) / 512;
  uint64_t *root = bench_alloc(root_size, root_size);
  uint64_t *middle = bench_alloc(n_middle << 12, 4096), *last = bench_alloc(n_last << 12, 4096);
  for (uint64_t i = 0; i < 512 * n_middle; i++)
    middle[i] = pte(RAM_BASE + (i << 21), PTE_RWX | PTE_AD | user);
  for (uint64_t t = 0; t < n_last; t++)
    middle[first + t] = pte((uintptr_t)(last + 512 * t), 0);
  for (uint64_t i = 0; i < 512 * n_last; i++)
    last[i] = pte(DATA_PA + (i << 12), PTE_RWX | PTE_AD | user);
  for (uint64_t i = 0; i < n_middle; i++)
    root[2 + i] = pte((uintptr_t)(middle + 512 * i), 0);
  return (uintptr_t)root >> 12;
}

#define CELLS DATA_PA
#include "cells.h"

// The guest: a0 = first cell, a1 = rounds of 16 loads; ends by an ecall with the checksum in a0.
__attribute__((naked, noinline)) static void chase_guest(void)
{
  __asm__("  li   t0, 0\n"
          "1:\n"
          "  .rept 16\n"
          "  ld   a0, 0(a0)\n"
          "  .endr\n"
          "  xor  t0, t0, a0\n"
          "  addi a1, a1, -1\n"
          "  bnez a1, 1b\n"
          "  add  a0, a0, t0\n"
          "  li   a7, 1\n"
          "  ecall\n"
          "2: j   2b\n");
}

static void run_guest(struct vcpu *vcpu, uint64_t rounds)
{
  vcpu_init(vcpu, chase_guest, (uintptr_t)cell(0));
  vcpu->gpr[REG_A1] = rounds;
  vcpu_run(vcpu);
}

void bench_main(void);
void bench_main(void)
{
  static struct vcpu vcpu;
  const uint64_t pages = bench_arg("pages=", PAGES), steps = bench_arg("n=", STEPS);
  link_cells(pages);
  vm_set_hgatp(SV39 | 1ul << 44 | fill(pages, PTE_U, 16384));
  __asm__ volatile("csrw 0x280, %0" : : "r"(SV39 | fill(pages, 0, 4096)) : "memory");
  bench_room(bench_alloc(0, 8), DATA_PA);
  for (int exit = 0; exit < 3; exit++) // as chase.c's settle: leaving V=1 flushes QEMU's TLB
    run_guest(&vcpu, pages / UNROLL);
  const uint64_t before = read_instret();
  run_guest(&vcpu, steps / UNROLL);
  if (vcpu.scause != CAUSE_VS_ECALL) {
    vm_report_bad_exit(NAME, &vcpu);
    return;
  }
  bench_report(NAME, steps, "steps", vcpu.gpr[REG_A0], read_instret() - before);
}
