#include <stdint.h>

/* The two ways in which C libraries carry a callback's user data. */
typedef void (*word_fn)(int value, uintptr_t user);
typedef void (*pointer_fn)(int value, void *user);

/* Call f for 1, 2 .. n. */
void each_word(int n, word_fn f, uintptr_t user);
void each_pointer(int n, pointer_fn f, void *user);
