/* What the C program and the Go library both know. */
#ifndef VISIT_H
#define VISIT_H

#include <stdint.h>

struct sum { int64_t n; double d; };

/* A callback of the C program's, called by Go. */
typedef int64_t (*visit_fn)(int value, double weight, void *user);

/* Go cannot call a C function pointer; C can. */
static inline int64_t call_visit(visit_fn f, int value, double weight, void *user)
{
    return f(value, weight, user);
}

#endif
