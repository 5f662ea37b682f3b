#include "each.h"

void each_word(int n, word_fn f, uintptr_t user)
{
    for (int i = 1; i <= n; i++)
        f(i, user);
}

void each_pointer(int n, pointer_fn f, void *user)
{
    for (int i = 1; i <= n; i++)
        f(i, user);
}
