#include "actor.h"

#include <signal.h>
#include <unistd.h>

void fault(void)
{
	*(volatile int *)8 = 1;
}

void fork_without_end(void)
{
	for (;;)
		fork();
}

void die_of(int number)
{
	sigset_t all;

	signal(number, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, 0);
	kill(getpid(), number);
	for (;;)
		pause();
}

void stop_oneself(void)
{
	kill(getpid(), SIGSTOP);
}

void stop_parent(int times)
{
	pid_t parent = getppid();
	while (times-- != 0)
		kill(parent, SIGSTOP);
}

int flag_of_the_case(void)
{
#ifdef FLAG_OF_THE_CASE
	return FLAG_OF_THE_CASE;
#else
	return 0;
#endif
}
