/* The stack that both deep functions, C's and Go's, need. */
#define NEED (64 * 1024)

/* Uses its stack; returns the number of bytes that read back as written. */
int deep(void);
void *deep_address(void);

/*
 * Stands for deep where calling deep would overwrite whatever lies below the
 * stack: touches no memory but one variable, and needs no frame.
 */
void note_stack(void);
void *note_stack_address(void);

/* The stack pointer that the last note_stack on this thread noted. */
unsigned long noted_stack(void);
