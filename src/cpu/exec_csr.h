/* exec_csr.h - csr* instructions: what becomes of the CSR, and what the operand is.
 *
 * Reading has no effect, so it does not matter that csrrw with rd=x0 does not; csrrs and csrrc with
 * rs1=x0 (or uimm=0) do not write. [unpriv zicsr]
 */
CSRX(csrrw, RV_CSR_WRITE, x[op->rs1])
CSRX(csrrs, RV_CSR_SET, x[op->rs1])
CSRX(csrrc, RV_CSR_CLEAR, x[op->rs1])
CSRX(csrrwi, RV_CSR_WRITE, op->rs1)
CSRX(csrrsi, RV_CSR_SET, op->rs1)
CSRX(csrrci, RV_CSR_CLEAR, op->rs1)
