/* test_aia.c - the advanced interrupt architecture of a hart: interrupt files, priorities, virtual
 * interrupts, and who may access what.
 *
 * The oracles are made from the text of the AIA specification 1.0, chapters 2, 3, 5 and 6, without
 * a look at the code. [H-023, H-062, H-064, H-086, H-310 .. H-313, H-415, H-471]
 */
#include "core_fixture.h"
#include "priv/imsic.h"
#include <glib.h>

#define BIT(n) (1ull << (n))
enum { OK = NO_TRAP, ILL = CAUSE_ILLEGAL, VIRT = CAUSE_VIRTUAL };
enum { S_LOWEST = 0x10000, GUESTS = 3, VTI = 30, DPR = 9, IPRIOM = 8, VGEIN = 12 };

static core *core_with(bool imsic, unsigned geilen, bool stateen)
{
  core *c = core_new();
  rv_hart *h = c->h;
  h->choice.ext |= BIT(EXT_Smaia) | BIT(EXT_Ssaia) | (stateen ? BIT(EXT_Smstateen) : 0);
  h->choice.imsic = imsic;
  h->choice.geilen = geilen;
  rv_csr_reset(h);
  core_poke(h, CSR_pmpaddr0, ~0ull);
  core_poke(h, CSR_pmpcfg0, 0x1f);
  core_poke(h, CSR_mtvec, M_VECTOR);
  core_poke(h, CSR_stvec, HS_VECTOR);
  core_poke(h, CSR_vstvec, VS_VECTOR);
  open_gates(c);
  return c;
}
static core *core_with_imsic(void) { return core_with(true, GUESTS, false); }

static int reads(core *c, core_mode mode, unsigned csr)
{
  return execute_bits(c, mode, csr_bits(csr, 2, 0, 11));
}
static int writes(core *c, core_mode mode, unsigned csr)
{
  return execute_bits(c, mode, csr_bits(csr, 1, 10, 0));
}

static uint64_t window_read(core *c, unsigned select_csr, unsigned select)
{
  core_poke(c->h, select_csr, select);
  return csr_read(c, MODE_M, select_csr + 1);
}
static void window_write(core *c, unsigned select_csr, unsigned select, uint64_t value)
{
  core_poke(c->h, select_csr, select);
  csr_write(c, MODE_M, select_csr + 1, value);
}

/* The three files by their windows: the guest's is number 2. */
static const struct {
  uint16_t select, topei;
  uint8_t file;
} level[] = { { CSR_miselect, CSR_mtopei, 0 },
              { CSR_siselect, CSR_stopei, 1 },
              { CSR_vsiselect, CSR_vstopei, 3 } };
enum { N_LEVELS = 3 };
static void name_guest(core *c, unsigned vgein)
{
  core_poke(c->h, CSR_hstatus, (uint64_t)vgein << VGEIN);
}

/* H-310: without the extension the CSRs are illegal from every mode; with it every number answers.
 */
START_TEST(absent)
{
  static const uint16_t all[] = { 0x350, 0x351, 0x35C, 0xFB0, 0x308, 0x309, 0x150, 0x151, 0x15C,
                                  0xDB0, 0x608, 0x609, 0x646, 0x647, 0x250, 0x251, 0x25C, 0xEB0 };
  core *c = core_new(), *with = core_with_imsic();
  name_guest(with, 1);
  for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
    for (unsigned mode = 0; mode < N_MODES; mode++)
      ck_assert_int_eq(reads(c, mode, all[i]), ILL);
    core_poke(with->h, CSR_miselect, 0x70);
    core_poke(with->h, CSR_siselect, 0x70);
    core_poke(with->h, CSR_vsiselect, 0x70);
    ck_assert_msg(reads(with, MODE_M, all[i]) == OK, "%#x", all[i]);
  }
  core_free(c);
  core_free(with);
}
END_TEST

/* H-023, H-086, H-415: VGEIN holds 0 to GEILEN and keeps its value otherwise; hgeie has the bits 1
 * to GEILEN, none with GEILEN 0. */
START_TEST(geilen)
{
  for (unsigned n = 0; n <= RV_GUEST_FILES; n++) {
    core *c = core_with(n != 0, n, false);
    for (unsigned vgein = 0; vgein < 64; vgein++) {
      name_guest(c, 0);
      name_guest(c, vgein);
      ck_assert_uint_eq(core_peek(c->h, CSR_hstatus) >> VGEIN & 63, vgein <= n ? vgein : 0);
    }
    csr_write(c, MODE_HS, CSR_hgeie, ~0ull);
    ck_assert_uint_eq(csr_read(c, MODE_HS, CSR_hgeie), (BIT(n + 1) - 1) & ~1ull);
    core_free(c);
  }
}
END_TEST

/* AIA 3.8: the registers of each file. The arrays have a bit for each of 255 identities, none for
 * 0; reserved registers and those without identities are 0; eidelivery holds 0 and 1, eithreshold 0
 * to 255; each file is its own. */
START_TEST(file_registers)
{
  core *c = core_with_imsic();
  name_guest(c, 2);
  for (unsigned l = 0; l < N_LEVELS; l++)
    for (unsigned select = 0x70; select < 0x100; select++) {
      if (select >= 0x80 && (select & 1))
        continue;
      const unsigned word = (select & 0x3f) / 2;
      const uint64_t bits = select == 0x70               ? 1
                            : select < 0x80 || word >= 4 ? 0
                            : word == 0                  ? ~1ull
                                                         : ~0ull;
      window_write(c, level[l].select, select, ~0ull);
      ck_assert_uint_eq(window_read(c, level[l].select, select), bits);
      for (unsigned other = 0; other < N_LEVELS; other++)
        if (other > l)
          ck_assert_uint_eq(window_read(c, level[other].select, select), 0);
    }
  for (unsigned value = 0; value < 0x300; value++) {
    window_write(c, CSR_siselect, 0x72, 0);
    window_write(c, CSR_siselect, 0x72, value);
    ck_assert_uint_eq(window_read(c, CSR_siselect, 0x72), value < 256 ? value : 0);
  }
  core_free(c);
}
END_TEST

/* AIA 3.9, 3.10: *topei and the signals, for random files. The lowest identity that is pending,
 * enabled and below the threshold; eidelivery is asked for the signal only; a write claims what a
 * read shows; each guest's file has its bit of hgeip. */
START_TEST(topei_and_signals)
{
  core *c = core_with_imsic();
  for (unsigned round = 0; round < 3000; round++) {
    const unsigned file = core_random(c) % (2 + GUESTS), l = file < 2 ? file : 2;
    name_guest(c, file < 2 ? 0 : file - 1);
    const uint64_t few = round & 1 ? core_random(c) & core_random(c) & core_random(c) : 0;
    for (unsigned word = 0; word < 4; word++) {
      window_write(c, level[l].select, 0x80 + 2 * word, few & core_random(c) & core_random(c));
      window_write(c, level[l].select, 0xc0 + 2 * word, core_random(c));
    }
    const unsigned arrived = core_random(c) % 260, threshold = round & 2 ? core_random(c) % 256 : 0;
    window_write(c, level[l].select, 0x72, threshold);
    window_write(c, level[l].select, 0x70, round >> 2 & 1);
    rv_imsic_deliver(c->h, file, arrived);
    unsigned top = 0;
    for (unsigned id = 255; id >= 1; id--) {
      const uint64_t pending = window_read(c, level[l].select, 0x80 + id / 64 * 2),
                     enabled = window_read(c, level[l].select, 0xc0 + id / 64 * 2);
      if (id == arrived)
        ck_assert(pending & BIT(id % 64));
      if ((pending & enabled & BIT(id % 64)) && (threshold == 0 || id < threshold))
        top = id;
    }
    const uint64_t signal = file < 2 ? core_peek(c->h, CSR_mip) >> (file ? 9 : 11)
                                     : csr_read(c, MODE_HS, CSR_hgeip) >> (file - 1);
    ck_assert_uint_eq(signal & 1, (round >> 2 & 1) && top);
    ck_assert_uint_eq(csr_read(c, MODE_M, level[l].topei), (uint64_t)top << 16 | top);
    c->h->x[10] = core_random(c);
    ck_assert_int_eq(execute_bits(c, MODE_M, csr_bits(level[l].topei, 1, 10, 11)), OK);
    ck_assert_uint_eq(c->h->x[11], (uint64_t)top << 16 | top);
    ck_assert(!top || !(window_read(c, level[l].select, 0x80 + top / 64 * 2) & BIT(top % 64)));
  }
  core_free(c);
}
END_TEST

/* H-062, H-064, H-087: hip.VSEIP is hvip's or the file's that VGEIN names; hip.SGEIP is any of hgeip that
 * hgeie enables, and mip has both bits as well [KB-129: each hart has its own]. */
START_TEST(guest_external)
{
  core *c = core_with_imsic();
  for (unsigned files = 0; files < BIT(GUESTS); files++)
    for (unsigned enable = 0; enable < BIT(GUESTS); enable++)
      for (unsigned vgein = 0; vgein <= GUESTS; vgein++)
        for (unsigned hvip = 0; hvip < 2; hvip++) {
          for (unsigned g = 1; g <= GUESTS; g++) {
            name_guest(c, g);
            window_write(c, CSR_vsiselect, 0xc0, 2);
            window_write(c, CSR_vsiselect, 0x70, 1);
            window_write(c, CSR_vsiselect, 0x80, files >> (g - 1) & 1 ? 2 : 0);
          }
          name_guest(c, vgein);
          core_poke(c->h, CSR_hvip, hvip << 10);
          core_poke(c->h, CSR_hgeie, enable << 1);
          ck_assert_uint_eq(csr_read(c, MODE_HS, CSR_hgeip), files << 1);
          const bool vsei = hvip || (vgein && (files >> (vgein - 1) & 1)), sgei = files & enable;
          const uint64_t expected = (vsei ? BIT(10) : 0) | (sgei ? BIT(12) : 0);
          ck_assert_uint_eq(csr_read(c, MODE_HS, CSR_hip) & (BIT(10) | BIT(12)), expected);
          ck_assert_uint_eq(csr_read(c, MODE_M, CSR_mip) & (BIT(10) | BIT(12)), expected);
        }
  core_free(c);
}
END_TEST

/* What the text says of an access to sireg, vsireg, stopei and vstopei, Smstateen aside. */
static int window_oracle(core_mode mode, unsigned csr, unsigned select, bool imsic, unsigned vgein,
                         bool mvien)
{
  const bool v = mode >= MODE_VS, ireg = csr == CSR_sireg || csr == CSR_vsireg;
  const bool vs_name = csr == CSR_vsireg || csr == CSR_vstopei;
  if (mode == MODE_U)
    return ILL;
  if (mode == MODE_VU || (v && vs_name))
    return VIRT;
  const bool guests = v || vs_name;
  const int refused = v ? VIRT : ILL;
  if (ireg && select >= 0x30 && select < 0x40)
    return guests || (select & 1) ? refused : OK;
  if (ireg && (select < 0x70 || select > 0xff))
    return ILL;
  if (guests && vgein == 0)
    return refused;
  if (!guests && (!imsic || (mvien && mode == MODE_HS)))
    return ILL;
  return ireg && select >= 0x80 && (select & 1) ? refused : OK;
}

/* H-311, KB-110, KB-113, KB-114 */
START_TEST(window_access)
{
  static const uint16_t csrs[] = { CSR_sireg, CSR_vsireg, CSR_stopei, CSR_vstopei };
  for (unsigned imsic = 0; imsic < 2; imsic++) {
    core *c = core_with(imsic, imsic ? GUESTS : 0, false);
    for (unsigned select = 0; select < 0x200; select++)
      for (unsigned vgein = 0; vgein <= imsic; vgein++)
        for (unsigned mvien = 0; mvien < 2; mvien++) {
          name_guest(c, vgein);
          core_poke(c->h, CSR_mvien, mvien << 9);
          core_poke(c->h, CSR_siselect, select);
          core_poke(c->h, CSR_vsiselect, select);
          for (unsigned mode = 0; mode < N_MODES; mode++)
            for (unsigned i = 0; i < G_N_ELEMENTS(csrs); i++) {
              const int want = window_oracle(mode, csrs[i], select, imsic, vgein, mvien);
              const int got = select & 8 ? writes(c, mode, csrs[i]) : reads(c, mode, csrs[i]);
              ck_assert_msg(got == want, "%s %#x select %#x imsic %u vgein %u mvien %u: %d, not %d",
                            mode_names[mode], csrs[i], select, imsic, vgein, mvien, got, want);
            }
        }
    core_free(c);
  }
}
END_TEST

/* In VS-mode the S names are the guest's file, and the select register has nine bits or more. */
START_TEST(guests_window)
{
  core *c = core_with_imsic();
  name_guest(c, 2);
  csr_write(c, MODE_VS, CSR_siselect, 0x1ff);
  ck_assert_uint_eq(csr_read(c, MODE_VS, CSR_siselect), 0x1ff);
  ck_assert_uint_eq(core_peek(c->h, CSR_vsiselect), 0x1ff);
  ck_assert_uint_eq(core_peek(c->h, CSR_siselect), 0);
  csr_write(c, MODE_VS, CSR_siselect, 0xc0);
  csr_write(c, MODE_VS, CSR_sireg, BIT(5));
  rv_imsic_deliver(c->h, 3, 5);
  ck_assert_uint_eq(csr_read(c, MODE_VS, CSR_stopei), 5 << 16 | 5);
  ck_assert_uint_eq(csr_read(c, MODE_HS, CSR_stopei), 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, CSR_vstopei), 5 << 16 | 5);
  csr_write(c, MODE_VS, CSR_stopei, 0);
  ck_assert_uint_eq(csr_read(c, MODE_VS, CSR_stopei), 0);
  name_guest(c, 1); /* another guest's is not touched */
  ck_assert_uint_eq(window_read(c, CSR_vsiselect, 0xc0), 0);
  core_free(c);
}
END_TEST

/* H-312, KB-113: with VTI, VS may neither read nor write sip and sie, nor write stimecmp; HS may
 * access the VS names. */
START_TEST(vti)
{
  core *c = core_with_imsic();
  for (unsigned on = 0; on < 2; on++) {
    csr_write(c, MODE_HS, CSR_hvictl, on << VTI);
    const int refused = on ? VIRT : OK;
    ck_assert_int_eq(reads(c, MODE_VS, CSR_sip), refused);
    ck_assert_int_eq(writes(c, MODE_VS, CSR_sip), refused);
    ck_assert_int_eq(reads(c, MODE_VS, CSR_sie), refused);
    ck_assert_int_eq(writes(c, MODE_VS, CSR_sie), refused);
    ck_assert_int_eq(writes(c, MODE_VS, CSR_stimecmp), refused);
    ck_assert_int_eq(reads(c, MODE_VS, CSR_stimecmp), OK);
    ck_assert_int_eq(reads(c, MODE_VS, CSR_sstatus), OK);
    for (unsigned mode = MODE_M; mode <= MODE_HS; mode++) {
      ck_assert_int_eq(writes(c, mode, CSR_sip), OK);
      ck_assert_int_eq(writes(c, mode, CSR_sie), OK);
      ck_assert_int_eq(writes(c, mode, CSR_vsip), OK);
      ck_assert_int_eq(writes(c, mode, CSR_vsie), OK);
      ck_assert_int_eq(writes(c, mode, CSR_vstimecmp), OK);
    }
    ck_assert_int_eq(reads(c, MODE_VU, CSR_sip), VIRT);
  }
  core_free(c);
}
END_TEST

/* ---- views ---- */

/* Random delegation and injection; comparators and lines as they come. */
static void scramble(core *c)
{
  static const uint16_t csrs[] = { CSR_mideleg,  CSR_mvien,    CSR_hideleg, CSR_hvien,
                                   CSR_mie,      CSR_sie,      CSR_vsie,    CSR_mip,
                                   CSR_mvip,     CSR_hvip,     CSR_hgeie,   CSR_hvictl,
                                   CSR_hviprio1, CSR_hviprio2, CSR_hstatus, CSR_mstatus,
                                   CSR_vsstatus };
  rv_hart *h = c->h;
  const unsigned dense = core_random(c) % 4;
  for (unsigned i = 0; i < G_N_ELEMENTS(csrs); i++) {
    uint64_t value = core_random(c);
    for (unsigned n = 0; n < dense && csrs[i] != CSR_hstatus; n++)
      value &= core_random(c);
    if (csrs[i] == CSR_hvictl && core_random(c) % 3 == 0)
      value = (value & ~(0xfffull << 16)) | 9 << 16; /* IID 9 has rules of its own */
    core_poke(h, csrs[i], value & ~BIT(17));
  }
  for (unsigned file = 0; file < 2 + GUESTS; file++) {
    memset(&h->imsic[file], 0, sizeof h->imsic[file]);
    h->imsic[file].eidelivery = core_random(c) & 1;
    h->imsic[file].eie[0] = ~0ull;
    if (core_random(c) & 1)
      rv_imsic_deliver(h, file, 1 + core_random(c) % 63);
  }
  rv_imsic_refresh(h);
  for (unsigned n = 0; n < 16; n++)
    h->csr.iprio[n / 8][n % 8] = 0;
  for (unsigned n = 0; dense < 3 && n < 16; n++) {
    core_poke(h, n < 8 ? CSR_miselect : CSR_siselect, 0x30 + n % 8 * 2);
    core_poke(h, n < 8 ? CSR_mireg : CSR_sireg, core_random(c) & 0x0303030303030303 * 0x15);
  }
  rv_set_line(h, IRQ_MSI, core_random(c) & 1);
  rv_set_line(h, IRQ_MTI, core_random(c) & 1);
}

/* AIA 5.3 and 6.3.2, tables 5.4 and 6.1: what sip, sie, vsip and vsie show, and that their own bits
 * are writable while they are of mvien or hvien. */
START_TEST(views)
{
  core *c = core_with_imsic();
  for (unsigned round = 0; round < 3000; round++) {
    scramble(c);
    rv_hart *h = c->h;
    const uint64_t mip = core_peek(h, CSR_mip), mie = core_peek(h, CSR_mie);
    const uint64_t mideleg = core_peek(h, CSR_mideleg), hideleg = core_peek(h, CSR_hideleg);
    const uint64_t mvien = core_peek(h, CSR_mvien), hvien = core_peek(h, CSR_hvien);
    const uint64_t mvip = core_peek(h, CSR_mvip), hvip = core_peek(h, CSR_hvip);
    const uint64_t local = ~0ull << 13, written = core_random(c);
    ck_assert_uint_eq(mvien & ~(local | BIT(1) | BIT(9)), 0);
    ck_assert_uint_eq(hvien & ~local, 0);
    ck_assert_uint_eq(hideleg & ~(mideleg | mvien), 0);
    const uint64_t sip = core_peek(h, CSR_sip), vsip = core_peek(h, CSR_vsip);
    for (unsigned n = 0; n < 64; n++) {
      const bool s_level = n == 1 || n == 5 || n == 9 || n >= 13;
      const uint64_t of = !s_level ? 0 : mideleg & BIT(n) ? mip : mvien & BIT(n) ? mvip : 0;
      ck_assert_msg(!((sip ^ of) & BIT(n)), "sip %u: mideleg %d mvien %d", n,
                    (int)(mideleg >> n & 1), (int)(mvien >> n & 1));
      if (n >= 13) {
        const uint64_t guest = hideleg & BIT(n) ? sip : hvien & BIT(n) ? hvip : 0;
        ck_assert(!((vsip ^ guest) & BIT(n)));
      }
    }
    core_poke(h, CSR_sie, written);
    const uint64_t s_bits = ((mideleg & 0x2222) | mvien);
    ck_assert_uint_eq(core_peek(h, CSR_sie), written & s_bits);
    ck_assert_uint_eq(core_peek(h, CSR_mie),
                      (mie & ~(mideleg & 0x2222)) | (written & mideleg & 0x2222));
    core_poke(h, CSR_vsie, ~written);
    ck_assert_uint_eq(core_peek(h, CSR_vsie) & local, ~written & local & (hideleg | hvien));
    ck_assert_uint_eq(core_peek(h, CSR_sie) & local,
                      ((written & ~hideleg) | (~written & hideleg)) & s_bits & local);
  }
  core_free(c);
}
END_TEST

/* AIA 5.3: mvip's bits 1, 5 and 9. */
START_TEST(mvip_aliases)
{
  core *c = core_with_imsic();
  rv_hart *h = c->h;
  core_poke(h, CSR_mideleg, 0);
  core_poke(h, CSR_mvip, BIT(1) | BIT(9));
  ck_assert_uint_eq(core_peek(h, CSR_mip), BIT(1) | BIT(9)); /* mvien=0: mip's own */
  core_poke(h, CSR_mvien, BIT(1) | BIT(9));
  ck_assert_uint_eq(core_peek(h, CSR_mip), BIT(1)); /* 9 is mvip's from now on, and keeps */
  ck_assert(core_peek(h, CSR_mvip) & BIT(9));
  core_poke(h, CSR_mip, 0);
  core_poke(h, CSR_mvip, BIT(1) | BIT(9));
  ck_assert_uint_eq(core_peek(h, CSR_mip), 0);
  ck_assert_uint_eq(core_peek(h, CSR_mvip), BIT(1) | BIT(9));
  core_poke(h, CSR_mip, BIT(9)); /* read-only now */
  core_poke(h, CSR_mvip, 0);
  ck_assert_uint_eq(core_peek(h, CSR_mip) & BIT(9), 0);
  core_poke(h, CSR_menvcfg, 0);
  core_poke(h, CSR_mvip, BIT(5));
  ck_assert_uint_eq(core_peek(h, CSR_mip), BIT(5));
  core_poke(h, CSR_menvcfg, BIT(63)); /* STCE: STIP is the comparator's */
  ck_assert_uint_eq(core_peek(h, CSR_mvip), 0);
  core_free(c);
}
END_TEST

/* ---- the top interrupts ---- */

/* Table 5.1 with the plan that is noted below it, as far as those are that can be pending here; the
 * rest by number, which no test tells apart. */
static unsigned default_rank(unsigned id)
{
  static const uint8_t order[] = { 47, 23, 46, 45, 22, 44, 43, 21, 42, 41, 20, 40, 11,
                                   3,  7,  9,  1,  5,  12, 10, 2,  6,  13, 14, 15, 39,
                                   19, 38, 37, 18, 36, 35, 17, 34, 33, 16, 32 };
  for (unsigned i = 0; i < sizeof order; i++)
    if (order[i] == id)
      return i;
  return 100 + 63 - id;
}

typedef struct {
  unsigned id, number, nominal;
  bool any;
} top;

/* Tables 5.2 and 5.3: the nominal priority of a number. */
static unsigned nominal_of(unsigned id, unsigned number, unsigned external)
{
  if (number)
    return number;
  return default_rank(id) < default_rank(external) ? 0 : S_LOWEST;
}

static void consider(top *best, unsigned id, unsigned number, unsigned external)
{
  const unsigned nominal = nominal_of(id, number, external);
  if (!best->any || nominal < best->nominal ||
      (nominal == best->nominal && default_rank(id) < default_rank(best->id)))
    *best = (top){ id, number, nominal, true };
}

static uint64_t value_of(const top *t)
{
  const unsigned iprio = t->number == 0    ? (t->nominal ? 255 : 0)
                         : t->number > 255 ? 255
                                           : t->number;
  return t->any ? (uint64_t)t->id << 16 | iprio : 0;
}

static unsigned file_top(core *c, unsigned file)
{
  const rv_imsic_file *f = &c->h->imsic[file];
  const uint64_t ready = f->eip[0] & f->eie[0];
  return ready ? __builtin_ctzll(ready) : 0;
}

static top level_top(core *c, unsigned level, uint64_t set)
{
  top best = { 0 };
  const unsigned external = level ? 9 : 11;
  for (unsigned id = 0; id < 64; id++)
    if (set & BIT(id)) {
      unsigned number = c->h->csr.iprio[level][id / 8] >> id % 8 * 8 & 0xff;
      if (id == external)
        number = c->h->imsic[level].eidelivery && file_top(c, level) ? file_top(c, level) : 256;
      consider(&best, id, number, external);
    }
  return best;
}

static top m_oracle(core *c)
{
  return level_top(
      c, 0, core_peek(c->h, CSR_mip) & core_peek(c->h, CSR_mie) & ~core_peek(c->h, CSR_mideleg));
}

/* KB-111: VS-level interrupts are there where they are not delegated. */
static top s_oracle(core *c)
{
  rv_hart *h = c->h;
  const uint64_t s = core_peek(h, CSR_sip) & core_peek(h, CSR_sie);
  const uint64_t vs = core_peek(h, CSR_hip) & core_peek(h, CSR_hie);
  return level_top(c, 1, (s | vs) & ~core_peek(h, CSR_hideleg));
}

/* AIA 6.3.3, candidate by candidate. KB-112: the identity is the guest's number. */
static top vs_oracle(core *c)
{
  rv_hart *h = c->h;
  const uint64_t set = core_peek(h, CSR_vsip) & core_peek(h, CSR_vsie);
  const uint64_t hvictl = core_peek(h, CSR_hvictl);
  const unsigned iid = hvictl >> 16 & 0xfff, iprio = hvictl & 0xff;
  const unsigned vgein = core_peek(h, CSR_hstatus) >> VGEIN & 63;
  top sei = { 0 }, other = { 0 };
  if (set & BIT(9)) {
    if (vgein && file_top(c, 1 + vgein))
      consider(&sei, 9, file_top(c, 1 + vgein), 9);
    else if (!vgein && iid == 9 && iprio)
      consider(&sei, 9, iprio, 9);
    else
      consider(&sei, 9, 256, 9);
  }
  if (!(hvictl & BIT(VTI))) {
    for (unsigned id = 0; id < 64; id++)
      if (id != 9 && (set & BIT(id))) {
        static const uint8_t low[] = { [1] = 1, [5] = 3, [13] = 5, [14] = 6, [15] = 7 };
        unsigned number = 0;
        if (id < sizeof low && low[id])
          number = core_peek(h, CSR_hviprio1) >> low[id] * 8 & 0xff;
        else if (id >= 16 && id < 24)
          number = core_peek(h, CSR_hviprio2) >> (id - 16) * 8 & 0xff;
        consider(&other, id, number, 9);
      }
  } else if (iid != 9) {
    other = (top){ iid, iprio, iprio ? iprio : hvictl & BIT(DPR) ? S_LOWEST : 0, true };
  }
  if (!sei.any || !other.any)
    return sei.any ? sei : other;
  if (sei.nominal != other.nominal)
    return sei.nominal < other.nominal ? sei : other;
  if (hvictl & BIT(VTI))
    return hvictl & BIT(DPR) ? sei : other;
  return default_rank(9) < default_rank(other.id) ? sei : other;
}

static uint64_t vstopi_of(core *c, const top *t)
{
  return core_peek(c->h, CSR_hvictl) & BIT(IPRIOM) || !t->any ? value_of(t)
                                                              : (uint64_t)t->id << 16 | 1;
}

/* H-471, H-079, AIA 5.5: mtopi, stopi, vstopi; the trap that follows from them in every mode, with
 * the identity in the cause register; and whether wfi goes on. */
START_TEST(top_interrupts)
{
  core *c = core_with_imsic();
  rv_hart *h = c->h;
  unsigned taken[3] = { 0 }, injected = 0;
  for (unsigned round = 0; round < 20000; round++) {
    scramble(c);
    const core_mode mode = core_random(c) % N_MODES;
    set_mode(h, mode);
    const top m = m_oracle(c), s = s_oracle(c), vs = vs_oracle(c);
    ck_assert_uint_eq(core_peek(h, CSR_mtopi), value_of(&m));
    ck_assert_uint_eq(core_peek(h, CSR_stopi), value_of(&s));
    ck_assert_uint_eq(core_peek(h, CSR_vstopi), vstopi_of(c, &vs));
    ck_assert_int_eq(rv_wakes(h), m.any || s.any || vs.any);
    const bool mie = h->csr.mstatus & BIT(3), sie = h->csr.mstatus & BIT(1);
    const bool vs_sie = h->s[1].status & BIT(1);
    const top *want = NULL;
    core_mode to = mode;
    if (m.any && (mode != MODE_M || mie))
      want = &m, to = MODE_M;
    else if (s.any && mode != MODE_M && (mode != MODE_HS || sie))
      want = &s, to = MODE_HS;
    else if (vs.any && (mode == MODE_VU || (mode == MODE_VS && vs_sie)))
      want = &vs, to = MODE_VS;
    ck_assert_int_eq(h->attention, want != NULL);
    const uint64_t vector = to == MODE_M ? M_VECTOR : to == MODE_HS ? HS_VECTOR : VS_VECTOR;
    ck_assert_int_eq(rv_take_interrupt(h), want != NULL);
    if (!want)
      continue;
    ck_assert_int_eq(get_mode(h), to);
    ck_assert_uint_eq(h->pc, vector);
    const uint64_t cause = to == MODE_M ? h->csr.mcause : h->s[h->v].cause;
    ck_assert_uint_eq(cause, BIT(63) | want->id);
    taken[to == MODE_M ? 0 : to == MODE_HS ? 1 : 2]++;
    injected += to == MODE_VS && (core_peek(h, CSR_hvictl) & BIT(VTI)) && want->id != 9;
  }
  ck_assert(taken[0] > 100 && taken[1] > 100 && taken[2] > 100 && injected > 100);
  core_free(c);
}
END_TEST

/* The iprio arrays: bytes of what can be pending, but for the external interrupt itself; none
 * without an IMSIC, and mtopi and stopi say 1 then [AIA 5.2, 5.4; H-313]. */
START_TEST(iprio_fields)
{
  for (unsigned imsic = 0; imsic < 2; imsic++) {
    core *c = core_with(imsic, 0, false);
    for (unsigned id = 0; id < 64; id++) {
      const bool s = id == 1 || id == 2 || id == 5 || id == 6 || id == 10 || id >= 12;
      const bool m = id == 1 || id == 3 || id == 5 || id == 7 || id == 9 || id == 13;
      const unsigned select = 0x30 + id / 8 * 2;
      window_write(c, CSR_miselect, select, ~0ull);
      window_write(c, CSR_siselect, select, ~0ull);
      ck_assert_uint_eq(window_read(c, CSR_miselect, select) >> id % 8 * 8 & 0xff,
                        m && imsic ? 0xff : 0);
      ck_assert_uint_eq(window_read(c, CSR_siselect, select) >> id % 8 * 8 & 0xff,
                        s && imsic ? 0xff : 0);
    }
    core_poke(c->h, CSR_mie, BIT(1));
    core_poke(c->h, CSR_mideleg, 0);
    core_poke(c->h, CSR_mip, BIT(1));
    ck_assert_uint_eq(core_peek(c->h, CSR_mtopi), 1 << 16 | (imsic ? 255 : 1));
    core_free(c);
  }
}
END_TEST

/* AIA 2.5: CSRIND, AIA and IMSIC of mstateen0 and hstateen0. */
START_TEST(stateen)
{
  static const struct {
    uint16_t csr, select;
    uint8_t bit;
    bool guests; /* VS may access it */
  } gated[] = { { CSR_siselect, 0x70, 60, true },   { CSR_sireg, 0x70, 60, true },
                { CSR_sireg, 0x70, 58, true },      { CSR_sireg, 0x30, 59, false },
                { CSR_vsiselect, 0x70, 60, false }, { CSR_vsireg, 0x70, 60, false },
                { CSR_stopei, 0, 58, true },        { CSR_vstopei, 0, 58, false },
                { CSR_stopi, 0, 59, true },         { CSR_vstopi, 0, 59, false },
                { CSR_hvien, 0, 59, false },        { CSR_hvictl, 0, 59, false },
                { CSR_hviprio1, 0, 59, false },     { CSR_hviprio2, 0, 59, false } };
  core *c = core_with(true, GUESTS, true);
  rv_hart *h = c->h;
  name_guest(c, 1);
  for (unsigned i = 0; i < G_N_ELEMENTS(gated); i++)
    for (unsigned m = 0; m < 2; m++)
      for (unsigned hs = 0; hs < 2; hs++) {
        core_poke(h, CSR_siselect, gated[i].select);
        core_poke(h, CSR_vsiselect, gated[i].select);
        core_poke(h, CSR_mstateen0, m ? ~0ull : ~BIT(gated[i].bit));
        core_poke(h, CSR_hstateen0, hs ? ~0ull : ~BIT(gated[i].bit));
        const unsigned csr = gated[i].csr;
        ck_assert_int_eq(reads(c, MODE_M, csr), OK);
        ck_assert_msg(reads(c, MODE_HS, csr) == (m ? OK : ILL), "HS %#x bit %u", csr, gated[i].bit);
        ck_assert_int_eq(reads(c, MODE_U, csr), ILL);
        const int guest = !m && gated[i].select != 0x30 ? ILL : gated[i].guests && hs ? OK : VIRT;
        ck_assert_msg(reads(c, MODE_VS, csr) == guest, "VS %#x bit %u m %u h %u", csr, gated[i].bit,
                      m, hs);
      }
  core_free(c);
  c = core_with(false, 0, true); /* the IMSIC bit is there with an IMSIC only */
  core_poke(c->h, CSR_mstateen0, ~0ull);
  core_poke(c->h, CSR_hstateen0, ~0ull);
  ck_assert_uint_eq(core_peek(c->h, CSR_mstateen0) >> 58 & 7, 6);
  ck_assert_uint_eq(core_peek(c->h, CSR_hstateen0) >> 58 & 7, 6);
  core_poke(c->h, CSR_vsiselect, 0x70);
  core_poke(c->h, CSR_mstateen0, ~BIT(58)); /* ... and gates nothing then */
  ck_assert_int_eq(reads(c, MODE_VS, CSR_sireg), VIRT);
  ck_assert_int_eq(reads(c, MODE_VS, CSR_stopei), VIRT);
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, absent);
  tcase_add_test(tc, geilen);
  tcase_add_test(tc, file_registers);
  tcase_add_test(tc, topei_and_signals);
  tcase_add_test(tc, guest_external);
  tcase_add_test(tc, window_access);
  tcase_add_test(tc, guests_window);
  tcase_add_test(tc, vti);
  tcase_add_test(tc, views);
  tcase_add_test(tc, mvip_aliases);
  tcase_add_test(tc, top_interrupts);
  tcase_add_test(tc, iprio_fields);
  tcase_add_test(tc, stateen);
}
UNIT_MAIN("aia", add_tests)
