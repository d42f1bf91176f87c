/* The kernel of lesson 4, unchanged: it must not notice the difference. */
#include "../04-delegate/guest.c"
