/* exec_m.h - RV64M. Division by zero and overflow have results, not traps [unpriv m#division]. */
RR(mul) { return a * b; }
RR(mulh) { return (unsigned __int128)((__int128)(int64_t)a * (int64_t)b) >> 64; }
RR(mulhsu) { return (unsigned __int128)((__int128)(int64_t)a * (__int128)(unsigned __int128)b) >> 64; }
RR(mulhu) { return (unsigned __int128)a * b >> 64; }
RR(div) { return b == 0 ? ~0ull : b == ~0ull ? -a : (uint64_t)((int64_t)a / (int64_t)b); }
RR(divu) { return b == 0 ? ~0ull : a / b; }
RR(rem) { return b == 0 ? a : b == ~0ull ? 0 : (uint64_t)((int64_t)a % (int64_t)b); }
RR(remu) { return b == 0 ? a : a % b; }
RR(mulw) { return sext32((uint32_t)a * (uint32_t)b); }
RR(divw)
{
  const int32_t n = a, d = b;
  return d == 0 ? ~0ull : d == -1 ? sext32(-(uint32_t)n) : sext32(n / d);
}
RR(divuw)
{
  const uint32_t n = a, d = b;
  return d == 0 ? ~0ull : sext32(n / d);
}
RR(remw)
{
  const int32_t n = a, d = b;
  return d == 0 ? sext32(n) : d == -1 ? 0 : sext32(n % d);
}
RR(remuw)
{
  const uint32_t n = a, d = b;
  return sext32(d == 0 ? n : n % d);
}
