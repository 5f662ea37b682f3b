/* Where is the stack pointer when a C function is entered? */
#ifndef STACK_H
#define STACK_H

#include <stdint.h>

/* Assembly: the stack pointer at the call of this function, before x86's call instruction pushed the return address. */
uintptr_t stack_pointer(void);

/* How far the stack pointer is above a multiple of what the psABI demands; 0 is right. */
unsigned stack_pointer_is_off(void);

/* How far a local variable that asks for the stack's own alignment is from having it. */
unsigned aligned_local_is_off(void);

/* Call Go, which calls C again, depth deep. */
void call_go(int depth);
void call_go_aligned(void);
void call_go_on_c_thread(int depth);

#endif
