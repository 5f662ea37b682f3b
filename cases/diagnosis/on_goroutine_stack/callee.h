long long callee(long long a);
void *callee_at(void);
