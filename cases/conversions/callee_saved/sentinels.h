/* Fill every callee-saved register, call, and see what comes back. */
#ifndef SENTINELS_H
#define SENTINELS_H

#include <stddef.h>
#include <stdint.h>

/* One slot a register, in the order of the names in registers_GOARCH.go; a narrower register uses its first bytes. */
typedef struct {
    _Alignas(16) unsigned char bytes[16];
} slot;

extern slot slots_in[64], slots_out[64];

/* The type of crosscall2(fn, arg, size of the frame, context), under which all targets are called. */
typedef void (*target_fn)(uintptr_t fn, void *arg, int size, size_t ctxt);

/*
 * Assembly (sentinels_GOARCH.S): load all callee-saved registers from in, call target(fn, NULL, 0, 0), store what they hold then
 * into out, and give the caller its own back. No compiled code stands between the sentinels and the target.
 * Without its stack pointer it could do none of that: if that one does not come back, the program stops on an illegal instruction.
 */
void call_with_sentinels(target_fn target, uintptr_t fn, const slot *in, slot *out);

/* Assembly: breaks the ABI on purpose, losing the last integer register and the last floating one. */
void lose_two(uintptr_t, void *, int, size_t);

/* The same on a new pthread, which Go does not know before the call. */
void call_on_c_thread(target_fn target, uintptr_t fn, const slot *in, slot *out);

/* The runtime's own functions that C code calls. */
target_fn crosscall2_target(void);
target_fn topofstack_target(void);

#endif
