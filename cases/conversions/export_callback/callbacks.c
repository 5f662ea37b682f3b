#include "callbacks.h"

int call_ints(ints_fn f)
{
    return f(1111, 2222, 3333, 4444, 5555, 6666, 7777, 8888, 9999, 10101);
}

int16_t call_narrow(narrow_fn f)
{
    return f(-11, 222, -3333, 44444, -555555555, 4000000006u, -7777777777777777, 18000000000000000008u);
}

double call_floats(floats_fn f)
{
    return f(1.25, 2.5f, 3.75, 4.125f, 5.25, 6.5f, 7.75, 8.125f, 9.25, 10.5f);
}

int64_t call_both(both_fn f)
{
    return f(1111, 2.5, 3333333333333333, 4.25f, 5555, 6666666666666666);
}

struct pair call_pair(pair_fn f)
{
    struct pair p = {1111, -2222};
    return f(p);
}

struct mixed call_mixed(mixed_fn f)
{
    struct mixed m = {2222222222222222, 3.25};
    return f(1111, m);
}

struct hfa call_hfa(hfa_fn f)
{
    struct hfa h = {1.25f, 2.5f, 3.75f, 4.125f};
    return f(h, 5.25);
}

struct big call_big(big_fn f)
{
    struct big b = {2222222222222222, -3333333333333333, 4444444444444444};
    return f(1111, b, 5555);
}
