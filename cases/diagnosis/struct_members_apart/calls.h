int run(void); // calls the function in callee.c, and returns 1

struct mixed {
	double a;
	long b;
};
