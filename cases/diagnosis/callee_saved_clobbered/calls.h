int run(void); // calls the function in callee.c, and returns 1
