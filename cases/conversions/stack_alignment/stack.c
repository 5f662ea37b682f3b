#include <pthread.h>
#include <stdlib.h>

#include "stack.h"

/*
 * What the stack pointer is a multiple of at a call:
 *   16  System V AMD64 psABI 3.2.2 and i386 psABI 2.2.2 "The Stack Frame": the end of the argument area, that is the stack
 *       pointer before the call instruction pushes the return address;
 *       AAPCS64 "Stack constraints at a public interface"; RISC-V psABI "Integer Calling Convention"; ELFv2 ABI
 *       "General Stack Frame Requirements"; MIPS n64 "Native 64-Bit Subprogram Interface for MIPS Architectures"
 *    8  AAPCS32 "Stack constraints at a public interface"; s390x ELF ABI 1.2.2 "The Stack Frame"
 */
#if defined(__arm__) || defined(__s390x__)
#define ALIGNMENT 8
#else
#define ALIGNMENT 16
#endif

unsigned stack_pointer_is_off(void)
{
    return stack_pointer() % ALIGNMENT;
}

unsigned aligned_local_is_off(void)
{
    _Alignas(ALIGNMENT) volatile char local[ALIGNMENT];

    local[0] = 1;
    /* Through a volatile, because the compiler takes the alignment for granted and would answer 0 by itself. */
    volatile uintptr_t at = (uintptr_t)local;
    return at % ALIGNMENT;
}

extern void goCallback(int depth);
extern void goAligned(void);

void call_go(int depth)
{
    goCallback(depth);
}

void call_go_aligned(void)
{
    goAligned();
}

static void *thread(void *p)
{
    goCallback(*(int *)p);
    return NULL;
}

void call_go_on_c_thread(int depth)
{
    pthread_t t;
    if (pthread_create(&t, NULL, thread, &depth) != 0 || pthread_join(t, NULL) != 0)
        abort();
}
