// A callee-saved register, and an instruction that changes it.
#if defined(__x86_64__)
#define SAVED "r14"
#define CHANGE "mov $0x5a5a, %%r14"
#elif defined(__aarch64__)
#define SAVED "x25"
#define CHANGE "mov x25, #0x5a5a"
#elif defined(__riscv)
#define SAVED "s9"
#define CHANGE "li s9, 0x5a5a"
#elif defined(__s390x__)
#define SAVED "r9"
#define CHANGE "lghi %%r9, 0x5a5a"
#elif defined(__powerpc64__)
#define SAVED "r24"
#define CHANGE "li 24, 0x5a5a"
#elif defined(__arm__)
#define SAVED "r9"
#define CHANGE "mov r9, #0x5a00"
#elif defined(__i386__)
#define SAVED "edi"
#define CHANGE "mov $0x5a5a, %%edi"
#else
#define SAVED "$21"
#define CHANGE "li $21, 0x5a5a"
#endif
