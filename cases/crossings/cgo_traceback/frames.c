// C's side of runtime.SetCgoTraceback: libgcc unwinds when C calls Go, the dynamic loader's tables name the functions.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unwind.h>

#include "frames.h"

#define MOST 32

struct chain {
	uintptr_t pcs[MOST];
	int length;
};

static int live;

int contexts(void) { return __atomic_load_n(&live, __ATOMIC_SEQ_CST); }

static _Unwind_Reason_Code add(struct _Unwind_Context *frame, void *argument) {
	struct chain *chain = argument;
	uintptr_t pc = _Unwind_GetIP(frame);
	if (pc == 0 || chain->length == MOST)
		return _URC_END_OF_STACK;
	chain->pcs[chain->length++] = pc - 1; // into the call
	return _URC_NO_REASON;
}

struct context_argument {
	uintptr_t context;
};

// When C calls Go, what is below on this stack is C's, down to where Go called it.
void context_function(void *argument) {
	struct context_argument *of = argument;
	if (of->context == 0) {
		struct chain *chain = calloc(1, sizeof *chain);
		_Unwind_Backtrace(add, chain);
		of->context = (uintptr_t)chain;
		__atomic_add_fetch(&live, 1, __ATOMIC_SEQ_CST);
	} else {
		free((void *)of->context);
		__atomic_sub_fetch(&live, 1, __ATOMIC_SEQ_CST);
	}
}

// Where a signal interrupted the thread.
static uintptr_t interrupted(const ucontext_t *of) {
#if defined __x86_64__
	return of->uc_mcontext.gregs[REG_RIP];
#elif defined __i386__
	return of->uc_mcontext.gregs[REG_EIP];
#elif defined __aarch64__
	return of->uc_mcontext.pc;
#elif defined __arm__
	return of->uc_mcontext.arm_pc;
#elif defined __riscv
	return of->uc_mcontext.__gregs[REG_PC];
#elif defined __s390x__
	return of->uc_mcontext.psw.addr;
#elif defined __powerpc64__
	return of->uc_mcontext.gp_regs[32]; // PT_NIP
#elif defined __mips__
	return of->uc_mcontext.pc;
#endif
}

struct traceback_argument {
	uintptr_t context, signal_context;
	uintptr_t *buffer;
	uintptr_t most;
};

void traceback_function(void *argument) {
	const struct traceback_argument *of = argument;
	uintptr_t found = 0;
	if (of->context != 0) {
		const struct chain *chain = (const struct chain *)of->context;
		while (found < (uintptr_t)chain->length && found < of->most) {
			of->buffer[found] = chain->pcs[found];
			found++;
		}
	} else if (of->signal_context != 0) {
		of->buffer[found++] = interrupted((const ucontext_t *)of->signal_context);
	}
	if (found < of->most)
		of->buffer[found] = 0;
}

struct symbolizer_argument {
	uintptr_t pc;
	const char *file;
	uintptr_t line;
	const char *function;
	uintptr_t entry, more, data;
};

void symbolizer_function(void *argument) {
	struct symbolizer_argument *of = argument;
	Dl_info found;
	if (of->pc != 0 && dladdr((void *)of->pc, &found) && found.dli_sname) {
		of->file = found.dli_fname;
		of->function = found.dli_sname;
		of->entry = (uintptr_t)found.dli_saddr;
	}
}
