/* setjmp and longjmp around calls of Go that have returned before the jump. */
#ifndef JUMPS_H
#define JUMPS_H

struct landed {
    int jumps;  /* how often setjmp returned by a jump */
    int wrong;  /* values that were not what they had been before setjmp */
    int depths; /* stack depths at which the callbacks' C code ran, less one */
};

/*
 * `times` jumps from `frames` C frames below setjmp; a callback runs in the innermost frame before the jump, and nested
 * callbacks, each with jumps of its own inside it, `depth` deep.
 */
struct landed jump(int times, int frames, int depth);
struct landed jump_on_c_thread(int times, int frames, int depth);

#endif
