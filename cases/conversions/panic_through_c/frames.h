/* C frames for a Go panic to go through. */
#ifndef FRAMES_H
#define FRAMES_H

/* Call Go's goPanic from two C frames, the inner one with 64 KiB of locals. */
void call_panicking(int number);

/* How often call_panicking's frames were left by returning. */
extern int returned;

#endif
