/* A small callback program, to be built in each way. */
#ifndef CALL_H
#define CALL_H

#include <stdint.h>

struct pair { int64_t n; double d; };

/* Call Go's goCallback n times, and add up. */
struct pair call_go(int n);
struct pair call_go_on_c_thread(int n);

int is_position_independent(void); /* by the type of its file; where it is loaded is up to the emulator */
int is_dynamic(void);              /* there is a dynamic loader in the process */

#endif
