#include "fault.h"

int read_int(const volatile int *address)
{
    return *address;
}
