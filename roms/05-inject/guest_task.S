/* The task of lesson 4, unchanged. */
#include "../04-delegate/guest_task.S"
