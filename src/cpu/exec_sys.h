/* exec_sys.h - environment and privileged instructions.
 *
 * h is the hart with pc and icount exact, raw the instruction's bits. A body returns RV_DONE,
 * RV_JUMPED (it has set h->pc) or RV_TRAPPED (h->trap is filled). Who may execute what, in the
 * order that makes cause 2 or 22: [H-150 .. H-168]. [priv machine, supervisor, hypervisor]
 */
static unsigned field(uint32_t raw, unsigned hi, unsigned lo)
{
  return raw >> lo & ((2u << (hi - lo)) - 1);
}

static rv_done refuse(rv_hart *h, rv_why why, uint32_t raw)
{
  rv_refuse(h, why, raw);
  return RV_TRAPPED;
}

/* Decoded code is coherent with stores already. */
SYS(fence_i) { return RV_DONE; }

/* ecall and ebreak work in every mode [H-167] */
SYS(ecall)
{
  const unsigned cause = h->prv == PRV_M ? CAUSE_ECALL_M : h->prv == PRV_U ? CAUSE_ECALL_U
                         : h->v          ? CAUSE_ECALL_VS
                                         : CAUSE_ECALL_HS; /* [H-053] */
  h->trap = (rv_trap){ .cause = cause, .why = WHY_ECALL };
  return RV_TRAPPED;
}

/* tval = pc, a guest address if V=1 [H-037, H-167] */
SYS(ebreak)
{
  if (unlikely(h->env->semihost) && h->env->semihost(h->env->ctx, h))
    return RV_JUMPED;
  h->trap = (rv_trap){ .cause = CAUSE_BREAKPOINT, .tval = h->pc, .gva = h->v, .why = WHY_EBREAK };
  return RV_TRAPPED;
}

SYS(mret)
{
  if (h->prv != PRV_M)
    return refuse(h, WHY_INSN_PRIVILEGE, raw); /* [H-161] */
  rv_mret(h);
  rv_counter_mode(h, 1);
  return RV_JUMPED;
}

SYS(sret)
{
  if (h->prv == PRV_U)
    return refuse(h, h->v ? WHY_INSN_VIRTUAL : WHY_INSN_PRIVILEGE, raw); /* [H-152] */
  if (h->prv == PRV_S && h->v && (h->csr.hstatus & hstatus_VTSR))
    return refuse(h, WHY_VTSR, raw); /* [H-026]; TSR is for HS-mode only [H-160, H-182] */
  if (h->prv == PRV_S && !h->v && (h->csr.mstatus & mstatus_TSR))
    return refuse(h, WHY_TSR, raw);
  rv_sret(h);
  rv_counter_mode(h, 1);
  return RV_JUMPED;
}

SYS(wfi)
{
  if (h->prv != PRV_M && (h->csr.mstatus & mstatus_TW))
    return refuse(h, WHY_TW, raw); /* in V=1 too, whatever VTW [H-153, H-155, H-191] */
  if (h->prv == PRV_U)
    return refuse(h, WHY_WFI_USER, raw); /* [H-153, H-154] */
  if (h->v && (h->csr.hstatus & hstatus_VTW))
    return refuse(h, WHY_VTW, raw); /* at once: LEGAL [H-027] */
  h->wfi = !rv_wakes(h); /* [H-081] */
  h->leave |= h->wfi;
  return RV_DONE;
}

/* The bounded time limit of TW and VTW is zero, reservation or not, as it is on QEMU and Spike; VU
 * is bound as VS is, and no mode is without TW and VTW [H-450]. */
SYS(wrs_nto)
{
  if (h->prv != PRV_M && (h->csr.mstatus & mstatus_TW))
    return refuse(h, WHY_WRS_TW, raw);
  if (h->v && (h->csr.hstatus & hstatus_VTW))
    return refuse(h, WHY_WRS_VTW, raw);
  return RV_DONE;
}

/* ---- fences ---- */

static void tell_fence(rv_hart *h, uint32_t raw, uint64_t addr, uint64_t id)
{
  if (likely(!(h->observe & 1ull << RV_EV_FENCE)))
    return;
  rv_event e = rv_event_here(h, RV_EV_FENCE);
  e.raw = raw;
  e.has_raw = true;
  e.u.fence.addr = addr;
  e.u.fence.id = id;
  e.u.fence.has_addr = field(raw, 19, 15);
  e.u.fence.has_id = field(raw, 24, 20);
  rv_tell(h, &e);
}

/* sfence.vma and sinval.vma: TVM in HS-mode, VTVM in VS-mode [H-028]. */
static rv_done sfence(rv_hart *h, uint32_t raw)
{
  const unsigned rs1 = field(raw, 19, 15), rs2 = field(raw, 24, 20);
  if (h->prv == PRV_U)
    return refuse(h, h->v ? WHY_INSN_VIRTUAL : WHY_INSN_PRIVILEGE, raw);
  if (h->prv == PRV_S && h->v && (h->csr.hstatus & hstatus_VTVM))
    return refuse(h, WHY_VTVM, raw);
  if (h->prv == PRV_S && !h->v && (h->csr.mstatus & mstatus_TVM))
    return refuse(h, WHY_TVM, raw);
  tell_fence(h, raw, h->x[rs1], h->x[rs2]); /* any operands are fine [H-462] */
  rv_sfence_vma(h, rs1, h->x[rs1], rs2, h->x[rs2]);
  return RV_DONE;
}
SYS(sfence_vma) { return sfence(h, raw); }
SYS(sinval_vma) { return sfence(h, raw); }

/* Order only; VTVM does not concern them [H-029, H-278]. */
static rv_done sfence_order(rv_hart *h, uint32_t raw)
{
  if (h->prv == PRV_U)
    return refuse(h, h->v ? WHY_INSN_VIRTUAL : WHY_INSN_PRIVILEGE, raw);
  return RV_DONE;
}
SYS(sfence_w_inval) { return sfence_order(h, raw); }
SYS(sfence_inval_ir) { return sfence_order(h, raw); }
