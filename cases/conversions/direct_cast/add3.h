int add3(int a, int b, int c);
int answer(void);

/* What parameter i of the last add3 on this thread held. */
int add3_saw(int i);

void *add3_address(void);
void *answer_address(void);
