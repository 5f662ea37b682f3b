/* Fill every register and the space above the stack arguments, call, and see what comes back. */
#ifndef SENTINELS_H
#define SENTINELS_H

#define REGISTERS 64             /* slots for registers */
#define SPACE_BYTES 64           /* of the caller's frame, right above what the callee may write to */
#define SPACE (16 * REGISTERS)   /* where that is in the slots (bytes) */
#define SLOTS (REGISTERS + SPACE_BYTES / 16)

/*
 * What a scratch register holds at the call: its number is added to it, 0x40 and the number for floating point and vectors, 0x60 for
 * those of ppc64le's vectors that are no floating-point registers. Registers of 32 bits have the low half. Not filled: flags, x87 and MMX,
 * what the kernel or the linker's stubs use (k0 and k1 of mips64le, ppc64le's TOC pointer), and what not every machine has (d16 to d31 of
 * arm, AVX, SVE).
 */
#define SCRATCH 0x5c5c5c5c5c5c5c00
#define SCRATCH_FLOAT (SCRATCH + 0x40)
#define SCRATCH_VECTOR (SCRATCH + 0x60)

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/*
 * One slot a preserved register, in the order of the names in registers_GOARCH.go; a narrower register uses its first bytes. Behind
 * them is the space, as it stands in memory.
 */
typedef struct {
    _Alignas(16) unsigned char bytes[16];
} slot;

extern slot slots_in[SLOTS], slots_out[SLOTS];

/* The type of crosscall2(fn, arg, size of the frame, context), under which all targets are called. */
typedef void (*target_fn)(uintptr_t fn, void *arg, int size, size_t ctxt);

/*
 * Assembly (sentinels_GOARCH.S): load all callee-saved registers and the space above the stack arguments from in, call
 * target(fn, NULL, 0, 0), store what they hold then into out, and give the caller its own back. Scratch registers that carry no argument
 * and not the target hold SCRATCH at the call. No compiled code stands between the sentinels and the target.
 * Without its stack pointer it could do none of that: if that one does not come back, the program stops on an illegal instruction.
 */
void call_with_sentinels(target_fn target, uintptr_t fn, const slot *in, slot *out);

/* Assembly: breaks the ABI on purpose, losing the last integer register, the last floating one, and the last word of the space. */
void lose_last(uintptr_t, void *, int, size_t);

/* The same on a new pthread, which Go does not know before the call. */
void call_on_c_thread(target_fn target, uintptr_t fn, const slot *in, slot *out);

/* The runtime's own functions that C code calls. */
target_fn crosscall2_target(void);
target_fn topofstack_target(void);

#endif
#endif
