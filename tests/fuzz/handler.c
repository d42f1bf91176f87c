/* handler.c - the trap handlers of a program, for M, HS and VS.
 *
 * A handler mixes what the trap says into a hash in its save area and returns behind the
 * instruction; from a fetch fault to x31, where the interrupted code wants to go on. An interrupt
 * is disabled where it was enabled. A fence may be refused (TVM, VTVM): instead of it there is one
 * of everything, so that no change of a page table stays without. An ecall with a7 = MAGIC asks for
 * another mode: whoever may, goes there; others pass it on by an ecall of their own. Too many traps
 * end the program.
 */
#include "gen.h"

/* Hash of what the trap says: t0 = t0 * 31 + CSR. */
#define MIX(csr) "csrrs t1," csr ",zero; slli t2,t0,5; sub t0,t2,t0; add t0,t0,t1\n"

#define SAVE(scratch)                                                                              \
  "csrrw sp," scratch ",sp\n"                                                                      \
  "sd t0,40(sp); sd t1,48(sp); sd t2,56(sp)\n"
#define RESTORE(scratch)                                                                           \
  "ld t0,40(sp); ld t1,48(sp); ld t2,56(sp)\n"                                                     \
  "csrrw sp," scratch ",sp\n"

/* Counts the trap; too many: @abort. Offsets are SAVE_*. */
#define WATCHDOG                                                                                   \
  "ld t0,264(sp); addi t0,t0,1; sd t0,264(sp)\n"                                                   \
  "ld t1,280(sp); bltu t1,t0,@abort\n"

/* t0 is the cause: to @irq, @ecall, @refetch, or behind. */
#define SORT                                                                                       \
  "blt t0,zero,@irq\n"                                                                             \
  "addi t1,t0,-8; sltiu t1,t1,4; bne t1,zero,@ecall\n"                                             \
  "plain:\n"                                                                                       \
  "addi t1,zero,1; beq t0,t1,@refetch\n"                                                           \
  "addi t1,zero,12; beq t0,t1,@refetch\n"                                                          \
  "addi t1,zero,20; beq t0,t1,@refetch\n"

/* t1 is the low half of the instruction, t0 its address: t0 becomes the next one's. */
#define BEHIND                                                                                     \
  "andi t1,t1,3; addi t1,t1,-3; sltiu t1,t1,1; slli t1,t1,1; addi t1,t1,2; add t0,t0,t1\n"

/* An sret that TSR or VTSR refuses is skipped, and behind it stands an ecall, for whoever may do its
 * work: is it that one? Offsets are SAVE_SRET_*. */
#define IS_SRET_OF(offset, epc, label)                                                             \
  "csrrs t1," epc ",zero; ld t2," offset "(sp); beq t1,t2,@" label "\n"

/* Is the ecall a request? t0 is the cause. */
#define IS_REQUEST "addi t1,zero,0x5a5; bne a7,t1,@plain\n"

/* t0 = 1 << the interrupt's number, of the cause t0 */
#define INTERRUPT_BIT "slli t0,t0,1; srli t0,t0,1; addi t1,zero,1; sll t0,t1,t0\n"

/* Reads the instruction as the interrupted mode does: by MPRV, and MXR for execute-only code. */
static const char m_handler[] =
    SAVE("mscratch") WATCHDOG
    "ld t0,256(sp)\n"
    MIX("mcause") MIX("mepc") MIX("mtval") MIX("mtval2") MIX("mtinst") MIX("mstatus")
    "sd t0,256(sp)\n"
    "csrrs t0,mcause,zero\n"
    SORT
    "addi t1,zero,2; beq t0,t1,@fence; addi t1,zero,22; beq t0,t1,@fence\n"
    "look:\n"
    "csrrs t2,mstatus,zero; lui t1,0xa0; csrrs zero,mstatus,t1\n"
    "csrrs t0,mepc,zero; lhu t1,0(t0); csrrw zero,mstatus,t2\n"
    BEHIND
    "csrrw zero,mepc,t0\n"
    "done:\n"
    RESTORE("mscratch")
    "mret\n"
    "refetch:\n"
    "csrrw zero,mepc,t6; jal zero,@done\n"
    "irq:\n"
    INTERRUPT_BIT
    "csrrc zero,mie,t0; jal zero,@done\n"
    "fence:\n"
    "sfence.vma zero,zero; hfence.vvma zero,zero; hfence.gvma zero,zero; jal zero,@look\n"
    "hs_sret:\n"
    "csrrs t0,sstatus,zero; andi t0,t0,0x100; slli t0,t0,3\n"
    "lui t1,2; addiw t1,t1,-2048; csrrc zero,mstatus,t1; csrrs zero,mstatus,t0\n"
    "addi t1,zero,0x100; csrrc zero,sstatus,t1\n"
    "csrrs t0,hstatus,zero; andi t0,t0,0x80; csrrc zero,hstatus,t0\n"
    "slli t0,t0,32; csrrs zero,mstatus,t0\n"
    "csrrs t0,sepc,zero; csrrw zero,mepc,t0; jal zero,@done\n"
    "vs_sret:\n"
    "csrrs t0,vsstatus,zero; andi t0,t0,0x100; slli t0,t0,3\n"
    "lui t1,2; addiw t1,t1,-2048; csrrc zero,mstatus,t1; csrrs zero,mstatus,t0\n"
    "csrrs t0,vsepc,zero; csrrw zero,mepc,t0; jal zero,@done\n"
    "ecall:\n"
    IS_SRET_OF("296", "mepc", "hs_sret") IS_SRET_OF("304", "mepc", "vs_sret")
    IS_REQUEST
    "addi t1,zero,9; beq a5,t1,@abort\n"
    "addi t1,zero,8; beq a5,t1,@next\n"
    "lui t1,2; addiw t1,t1,-2048; csrrc zero,mstatus,t1\n"                /* MPP */
    "addi t1,zero,1; slli t1,t1,39; csrrc zero,mstatus,t1\n"              /* MPV */
    "andi t0,a5,3; slli t0,t0,11; csrrs zero,mstatus,t0\n"
    "srli t0,a5,2; slli t0,t0,39; csrrs zero,mstatus,t0\n"
    "csrrw zero,mepc,a6; jal zero,@done\n"
    "next:\n"
    "csrrw zero,mscratch,sp; ld t0,272(sp); jalr zero,0(t0)\n"
    "abort:\n"
    "csrrw zero,mscratch,sp; addi t0,zero,1; sd t0,288(sp)\n";

/* Reads the instruction by hlvx if it is a guest's, else with SUM and MXR. */
static const char hs_handler[] =
    SAVE("sscratch") WATCHDOG
    "ld t0,256(sp)\n"
    MIX("scause") MIX("sepc") MIX("stval") MIX("htval") MIX("htinst") MIX("sstatus") MIX("hstatus")
    "sd t0,256(sp)\n"
    "csrrs t0,scause,zero\n"
    SORT
    "addi t1,zero,22; bne t0,t1,@look; hfence.vvma zero,zero\n"
    "look:\n"
    "csrrs t0,sepc,zero; csrrs t1,hstatus,zero; andi t1,t1,0x80; bne t1,zero,@guest\n"
    "csrrs t2,sstatus,zero; lui t1,0xc0; csrrs zero,sstatus,t1\n"
    "lhu t1,0(t0); csrrw zero,sstatus,t2; jal zero,@skip\n"
    "guest:\n"
    "hlvx.hu t1,(t0)\n"
    "skip:\n"
    BEHIND
    "csrrw zero,sepc,t0\n"
    "done:\n"
    RESTORE("sscratch")
    "sret; ecall\n"
    "refetch:\n"
    "csrrw zero,sepc,t6; jal zero,@done\n"
    "irq:\n"
    INTERRUPT_BIT
    "csrrc zero,sie,t0; csrrc zero,hie,t0; jal zero,@done\n"
    "abort:\n"
    "addi a7,zero,0x5a5; addi a5,zero,9\n"
    "pass:\n"
    RESTORE("sscratch")
    "ecall\n"
    "vs_sret:\n"
    "csrrs t0,vsstatus,zero; andi t0,t0,0x100; addi t1,zero,0x100; csrrc zero,sstatus,t1\n"
    "csrrs zero,sstatus,t0; csrrs t0,vsepc,zero; csrrw zero,sepc,t0; jal zero,@done\n"
    "ecall:\n"
    IS_SRET_OF("304", "sepc", "vs_sret")
    IS_REQUEST
    "addi t1,zero,8; bgeu a5,t1,@pass\n"
    "addi t1,zero,3; beq a5,t1,@pass\n"
    "addi t1,zero,0x100; csrrc zero,sstatus,t1\n" /* SPP */
    "addi t1,zero,0x80; csrrc zero,hstatus,t1\n"  /* SPV */
    "andi t0,a5,1; slli t0,t0,8; csrrs zero,sstatus,t0\n"
    "srli t0,a5,2; slli t0,t0,7; csrrs zero,hstatus,t0\n"
    "csrrw zero,sepc,a6; jal zero,@done\n";

static const char vs_handler[] =
    SAVE("sscratch") WATCHDOG
    "ld t0,256(sp)\n"
    MIX("scause") MIX("sepc") MIX("stval") MIX("sstatus")
    "sd t0,256(sp)\n"
    "csrrs t0,scause,zero\n"
    SORT
    "csrrs t0,sepc,zero; csrrs t2,sstatus,zero; lui t1,0xc0; csrrs zero,sstatus,t1\n"
    "lhu t1,0(t0); csrrw zero,sstatus,t2\n"
    BEHIND
    "csrrw zero,sepc,t0\n"
    "done:\n"
    RESTORE("sscratch")
    "sret; ecall\n"
    "refetch:\n"
    "csrrw zero,sepc,t6; jal zero,@done\n"
    "irq:\n"
    INTERRUPT_BIT
    "csrrc zero,sie,t0; jal zero,@done\n"
    "abort:\n"
    "addi a7,zero,0x5a5; addi a5,zero,9\n"
    "pass:\n"
    RESTORE("sscratch")
    "ecall\n"
    "ecall:\n"
    IS_REQUEST
    "addi t1,zero,8; bgeu a5,t1,@pass\n"
    "srli t1,a5,2; beq t1,zero,@pass\n"
    "addi t1,zero,0x100; csrrc zero,sstatus,t1\n"
    "andi t0,a5,1; slli t0,t0,8; csrrs zero,sstatus,t0\n"
    "csrrw zero,sepc,a6; jal zero,@done\n";

/* A handler and its vector table: both modes of tvec lead to it. */
static void emit_handler(gen *g, unsigned offset, const char *text)
{
  const uint64_t handler = PA(offset) + 64;
  g->at = PA(offset);
  for (unsigned i = 0; i < 16; i++)
    emit(g, "jal zero,0x%llx", (unsigned long long)handler);
  emit(g, "%s", text);
}

/* The ecall behind a handler's sret. */
static uint64_t behind_sret(const gen *g, unsigned offset)
{
  for (uint64_t at = PA(offset);; at += 4)
    if ((uint32_t)peek64(g, at) == 0x10200073)
      return at + 4;
}

void emit_handlers(gen *g, uint64_t final)
{
  emit_handler(g, AT_M_HANDLER, m_handler);
  emit(g, "jal zero,0x%llx", (unsigned long long)final);
  emit_handler(g, AT_HS_HANDLER, hs_handler);
  emit_handler(g, AT_VS_HANDLER, vs_handler);
  poke64(g, PA(AT_M_SAVE) + SAVE_SRET_HS, behind_sret(g, AT_HS_HANDLER));
  poke64(g, PA(AT_M_SAVE) + SAVE_SRET_VS, behind_sret(g, AT_VS_HANDLER));
  poke64(g, PA(AT_HS_SAVE) + SAVE_SRET_VS, behind_sret(g, AT_VS_HANDLER));
}
