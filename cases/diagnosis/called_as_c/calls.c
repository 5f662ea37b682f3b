#include "calls.h"

typedef void (*function)(int a, int b, int c);

int run(void *code)
{
	((function)code)(1111, 2222, 3333);
	return 1;
}
