/* Read an int where there is none: the address stays in a register when the processor faults. */
int read_int(const volatile int *address);
