/* What a program can do while somebody looks at it; the first argument says which. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t handled, ticks;

__attribute__((noinline)) long add3(long a, long b, long c) { __asm__ volatile(""); return a + b + c; }
__attribute__((noinline)) long busy(long n) { long sum = 0; for (volatile long i = 0; i < n; i++) sum += i; return sum; }
static void count(int number) { (void)number; handled++; }
static void tick(int number) { (void)number; ticks++; }

static void *thread(void *name) {
    for (long i = 0; i < 3; i++) add3((long)name, i, 0);
    return NULL;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    long sum = 0;
    if (!strcmp(what, "count"))
        for (long i = 0; i < 3; i++) sum += add3(i, 10, 20);
    if (!strcmp(what, "signals")) {
        int numbers[] = {SIGUSR1, SIGUSR2, SIGURG, SIGCHLD, SIGWINCH, SIGIO, SIGRTMIN + 3};
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            signal(numbers[i], count);
            raise(numbers[i]);
        }
        sum = handled;
    }
    if (!strcmp(what, "timer")) {
        struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
        signal(SIGALRM, tick);
        setitimer(ITIMER_REAL, &often, NULL);
        for (long i = 0; i < 200; i++) { sum += add3(1, 0, 0); busy(20000); }
        setitimer(ITIMER_REAL, &never, NULL);
        if (!ticks) return 3;
    }
    if (!strcmp(what, "threads")) {
        pthread_t threads[2];
        for (long i = 0; i < 2; i++) { pthread_create(&threads[i], NULL, thread, (void *)(100 + i)); pthread_join(threads[i], NULL); }
    }
    if (!strcmp(what, "pages")) {
        char *page = mmap(NULL, 1 << 17, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(page, 'x', 1 << 17);
        munmap(page + (1 << 16), 1 << 16);
        sum = add3((long)page, 1 << 16, 0) != 0;
    }
    if (!strcmp(what, "crash")) { volatile long *null = (long *)0x10; add3(1, 2, 3); sum = *null; }
    if (!strcmp(what, "abort")) abort();
    if (!strcmp(what, "loop")) for (;;) busy(1000);
    if (!strcmp(what, "fork")) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) { add3(7, 7, 7); _exit(5); }
        waitpid(child, &status, 0);
        sum = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    printf("%s %ld\n", what, sum);
    return 7;
}
