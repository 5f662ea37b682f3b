/* Argument n is n * UNIT: 0x0n00000n. */
#define UNIT 0x1000001L

long sum5(long, long, long, long, long);
long sum8(long, long, long, long, long, long, long, long);
long sum9(long, long, long, long, long, long, long, long, long);
void take12(long, long, long, long, long, long, long, long, long, long, long, long);

/* Which argument, from 1, parameter n of the last take12 on this thread held; 0: none. */
int take12_saw(int n);

void *sum5_address(void);
void *sum8_address(void);
void *sum9_address(void);
void *take12_address(void);
