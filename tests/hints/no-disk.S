# A driver resets the device of virtio-mmio slot 0, on a machine without a disk. Right: it looks first.
#include "common.inc"
  li t0, 0x10001000
#ifdef GOOD
  lw t1, 8(t0) # DeviceID
  beqz t1, end
#endif
  sw zero, 0x70(t0) # Status
end: poweroff
