/* Three threads wait; one of them dies in die() (assembly, with known registers): the second one, or main. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

volatile char marker[64] = "this text is in the program's data";
extern void die(void);

static pthread_barrier_t barrier;

static void *wait_for_ever(void *unused) {
	pthread_barrier_wait(&barrier);
	for (;;) pause();
	return unused;
}

static void *dies(void *unused) {
	pthread_barrier_wait(&barrier);
	usleep(50000); /* the others are in pause() by then */
	die();
	return unused;
}

int main(int argc, char **argv) {
	pthread_t thread[2];
	int other = argc > 1 && !strcmp(argv[1], "thread");

	pthread_barrier_init(&barrier, NULL, 3);
	pthread_create(&thread[0], NULL, wait_for_ever, NULL);
	pthread_create(&thread[1], NULL, other ? dies : wait_for_ever, NULL);
	pthread_barrier_wait(&barrier);
	usleep(50000);
	while (other) pause();
	die();
	return 0;
}
