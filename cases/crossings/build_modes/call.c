#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "call.h"
#include "_cgo_export.h"

#ifndef NO_TLS
static __thread int calls; /* thread-local storage is reached in another way in each kind of program */
#endif

struct pair call_go(int n)
{
#ifdef NO_TLS
    int calls = 0; /* Go's linker knows no thread-local variables of C's */
#endif
    struct pair sum = {0, 0.5};

    for (int i = 1; i <= n; i++) {
        struct pair p = goCallback(i, i * 0.25);
        calls++;
        sum.n += p.n + calls - i;
        sum.d += p.d;
    }
    calls = 0;
    return sum;
}

struct job {
    int n;
    struct pair sum;
};

static void *thread(void *p)
{
    struct job *j = p;
    j->sum = call_go(j->n);
    return NULL;
}

struct pair call_go_on_c_thread(int n)
{
    struct job j = {.n = n};
    pthread_t t;

    if (pthread_create(&t, NULL, thread, &j) != 0 || pthread_join(t, NULL) != 0)
        abort();
    return j.sum;
}

static const ElfW(Phdr) *header(ElfW(Word) type)
{
    const ElfW(Phdr) *row = (const ElfW(Phdr) *)getauxval(AT_PHDR);

    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
        if (row[i].p_type == type)
            return &row[i];
    return NULL;
}

int is_position_independent(void)
{
    ElfW(Ehdr) header;
    FILE *self = fopen("/proc/self/exe", "rb");

    if (self == NULL || fread(&header, sizeof header, 1, self) != 1)
        abort();
    fclose(self);
    return header.e_type == ET_DYN;
}

int is_dynamic(void)
{
    return header(PT_INTERP) != NULL;
}
