#include "make.h"

static struct trio seen;
struct trio spare;	/* for x8 */

struct trio make(long p, long a, long b)
{
	seen = (struct trio){p, a, b};
	return seen;
}

#ifdef __aarch64__
void make_with_x8(struct trio *, long, long, long);

__asm__(".text\n\t"
	".globl make_with_x8\n"
	"make_with_x8:\n\t"
	"adrp x8, spare\n\t"
	"add x8, x8, :lo12:spare\n\t"
	"b make\n");

void_fn make_address(void)
{
	return make_with_x8;
}
#else
void_fn make_address(void)
{
	return (void_fn)make;
}
#endif

#define ARGUMENT_2 0x22222222L
#define ARGUMENT_3 0x33333333L
#define ARGUMENT_4 0x44444444L

static int which(long value, long argument_1)
{
	return value == argument_1 ? 1 :
	       value == ARGUMENT_2 ? 2 :
	       value == ARGUMENT_3 ? 3 :
	       value == ARGUMENT_4 ? 4 : 0;
}

static int is_result(const struct trio *t)
{
	return t->p != 0 && t->p == seen.p && t->a == seen.a && t->b == seen.b;
}

struct report call_as_declared(void)
{
	struct trio (*volatile fn)(long, long, long) = make;
	struct trio first = {0}, result;

	seen = spare = first;
	result = fn((long)&first, ARGUMENT_2, ARGUMENT_3);
	return (struct report){
		.p = which(seen.p, (long)&first),
		.a = which(seen.a, (long)&first),
		.b = which(seen.b, (long)&first),
		.to_result = is_result(&result),
		.to_argument_1 = is_result(&first),
		.to_x8 = is_result(&spare),
	};
}

struct report call_as_void(void_fn fn)
{
	struct trio first = {0};
	int popped = 0;

	seen = spare = first;
#ifdef __i386__
	/*
	 * The same call. make ends in ret $4, to pop the hidden pointer; the
	 * code that gcc makes for the call would go on with a wrong %esp.
	 */
	__asm__ volatile("movl %%esp, %%esi\n\t"
			 "pushl %[a4]\n\t"
			 "pushl %[a3]\n\t"
			 "pushl %[a2]\n\t"
			 "pushl %[a1]\n\t"
			 "movl %%esp, %%edi\n\t"
			 "call *%[fn]\n\t"
			 "subl %%esp, %%edi\n\t"
			 "negl %%edi\n\t"
			 "movl %%esi, %%esp"
			 : "=&D"(popped)
			 : [fn] "a"(fn), [a1] "d"(&first), [a2] "i"(ARGUMENT_2),
			   [a3] "i"(ARGUMENT_3), [a4] "i"(ARGUMENT_4)
			 : "ecx", "esi", "memory", "cc");
#else
	fn(&first, ARGUMENT_2, ARGUMENT_3, ARGUMENT_4);
#endif
	return (struct report){
		.p = which(seen.p, (long)&first),
		.a = which(seen.a, (long)&first),
		.b = which(seen.b, (long)&first),
		.to_argument_1 = is_result(&first),
		.to_x8 = is_result(&spare),
		.popped = popped,
	};
}
