/* exec_b.h - bit manipulation: Zba, Zbb, Zbc, Zbs; and Zicond. Bodies as in exec_i.h; those of one
 * operand are RI without a use for imm. [unpriv zb, zicond]
 *
 * The host's own instructions for these are not in x86-64's baseline, and what gcc has instead
 * calls its library: shifts and sums.
 */
RR(add_uw) { return (uint32_t)a + b; }
RR(sh1add) { return (a << 1) + b; }
RR(sh2add) { return (a << 2) + b; }
RR(sh3add) { return (a << 3) + b; }
RR(sh1add_uw) { return ((uint64_t)(uint32_t)a << 1) + b; }
RR(sh2add_uw) { return ((uint64_t)(uint32_t)a << 2) + b; }
RR(sh3add_uw) { return ((uint64_t)(uint32_t)a << 3) + b; }
RI(slli_uw) { return (uint64_t)(uint32_t)a << (imm & 63); }

RR(andn) { return a & ~b; }
RR(orn) { return a | ~b; }
RR(xnor) { return ~(a ^ b); }
RI(clz) { return a ? __builtin_clzll(a) : 64; }
RI(clzw) { return (uint32_t)a ? __builtin_clz(a) : 32; }
RI(ctz) { return a ? __builtin_ctzll(a) : 64; }
RI(ctzw) { return (uint32_t)a ? __builtin_ctz(a) : 32; }
RI(cpop) { return rv_popcount(a); }
RI(cpopw) { return rv_popcount((uint32_t)a); }
RR(max) { return (int64_t)a > (int64_t)b ? a : b; }
RR(maxu) { return a > b ? a : b; }
RR(min) { return (int64_t)a < (int64_t)b ? a : b; }
RR(minu) { return a < b ? a : b; }
RI(sext_b) { return (int64_t)(int8_t)a; }
RI(sext_h) { return (int64_t)(int16_t)a; }
RI(zext_h) { return (uint16_t)a; }
RR(rol) { return a << (b & 63) | a >> (-b & 63); }
RR(rolw) { return sext32((uint32_t)a << (b & 31) | (uint32_t)a >> (-b & 31)); }
RR(ror) { return a >> (b & 63) | a << (-b & 63); }
RR(rorw) { return sext32((uint32_t)a >> (b & 31) | (uint32_t)a << (-b & 31)); }
RI(rori) { return a >> (imm & 63) | a << (-imm & 63); }
RI(roriw) { return sext32((uint32_t)a >> (imm & 31) | (uint32_t)a << (-imm & 31)); }
RI(orc_b)
{
  a |= a >> 4 & 0x0f0f0f0f0f0f0f0full; /* the lower half of a byte has both halves' ones ... */
  a |= a >> 2 & 0x3333333333333333ull;
  a |= a >> 1;
  return (a & 0x0101010101010101ull) * 0xff; /* ... and bit 0 those of all eight */
}
RI(rev8) { return __builtin_bswap64(a); }

RR(bclr) { return a & ~(1ull << (b & 63)); }
RI(bclri) { return a & ~(1ull << (imm & 63)); }
RR(bext) { return a >> (b & 63) & 1; }
RI(bexti) { return a >> (imm & 63) & 1; }
RR(binv) { return a ^ 1ull << (b & 63); }
RI(binvi) { return a ^ 1ull << (imm & 63); }
RR(bset) { return a | 1ull << (b & 63); }
RI(bseti) { return a | 1ull << (imm & 63); }

/* Until the last one of b; in few registers, for there are no more in a handler. */
RR(clmul)
{
  uint64_t r = 0;
  for (; b; b >>= 1, a <<= 1)
    r ^= a & -(b & 1);
  return r;
}
RR(clmulr)
{
  uint64_t r = 0;
  for (; b; b <<= 1, a >>= 1)
    r ^= a & -(b >> 63);
  return r;
}
RR(clmulh) { return body_clmulr(a, b) >> 1; } /* the product has no bit 127 */

RR(czero_eqz) { return b ? a : 0; }
RR(czero_nez) { return b ? 0 : a; }
