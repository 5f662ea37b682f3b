/* die() ends with the instruction that TRAP writes, whose address is `trap_at`; nothing of it follows. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern uintptr_t trap_at;

static void handle(int number, siginfo_t *info, void *context) {
	(void)number, (void)info, (void)context;
	*(volatile int *)24 = 1;
}

__attribute__((noipa, noreturn)) static void die(void) {
	TRAP
	__builtin_unreachable();
}

__attribute__((noipa)) static void innocent(void) { puts("not reached"); }

__attribute__((noipa)) static int caller(int number) {
	die();
	innocent();
	return number;
}

int main(int argc, char **argv) {
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	if (argc > 1)
		sigaction(atoi(argv[1]), &action, NULL);
	fprintf(stderr, "trap at %#lx\n", (unsigned long)trap_at);
	return caller(argc);
}
