/* A guest that prints in the two ways a kernel prints before it has drivers. */
#include "guest.h"

#define DBCN 0x4442434eUL

static const char message[] = "guest: and by DBCN, a whole buffer in one call\n";

void guest_main(void)
{
  /* Legacy console: one ECALL, so one VM exit, for each character. */
  guest_puts("guest: by legacy putchar\n");

  /* Debug console: the buffer is named by its *physical* address. A guest without paging knows no
     other; with paging it must translate before it calls. */
  guest_sbi(DBCN, 0, sizeof message - 1, (uint64_t)message, 0);

  /* Errors come back in a0, as from any firmware. */
  if (guest_sbi(DBCN, 0, 8, 0x40000000, 0) == -3)
    guest_puts("guest: a buffer outside my memory is refused\n");
  if (guest_sbi(0x0badcafe, 0, 0, 0, 0) == -2)
    guest_puts("guest: an unknown extension is not supported\n");
  guest_shutdown();
}
