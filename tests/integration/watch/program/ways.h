#include "sentinels.h"

void sentinels_into_go(uintptr_t fn);
void call_deep(void);
void wait_for_threads(int number);
void chain(int signal);
void sentinels_and_raise(int signal);
