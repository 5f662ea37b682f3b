void fault(void);
void fork_without_end(void);
void die_of(int number);
void stop_oneself(void);
void stop_parent(int times); /* a negative number: without end */
int flag_of_the_case(void);
