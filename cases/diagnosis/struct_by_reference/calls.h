int run(void); // calls the function in callee.c, and returns 1

struct pair {
	long long a, b;
};
