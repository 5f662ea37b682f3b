int run(void *code); // calls it with 1111, 2222 and 3333, and returns 1
