/* The bits that control floating-point arithmetic, without the status bits, which no call preserves. */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdint.h>

struct control {
    uint32_t bits; /* MXCSR, FPCR, FPSCR, fcsr, FPC, FCSR */
    uint32_t x87;  /* the x87 control word; 0 where there is no such thing */
};

#if defined __x86_64__ || defined __i386__

#define FLUSH 0x8040u /* flush to zero, denormals are zero */

static inline struct control control(void)
{
    uint32_t mxcsr;
    uint16_t word;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(word));
    return (struct control){mxcsr & 0xffc0, word};
}

static inline void flush(void)
{
    uint32_t mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    mxcsr |= FLUSH;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

#elif defined __aarch64__

#define FLUSH (1u << 24) /* FZ */

static inline struct control control(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return (struct control){(uint32_t)fpcr, 0};
}

static inline void flush(void)
{
    uint64_t fpcr = control().bits | FLUSH;
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
}

#elif defined __arm__

#define FLUSH (1u << 24) /* FZ */

static inline struct control control(void)
{
    uint32_t fpscr;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(fpscr));
    return (struct control){fpscr & 0x07f79f00, 0};
}

static inline void flush(void)
{
    uint32_t fpscr = control().bits | FLUSH;
    __asm__ volatile("vmsr fpscr, %0" : : "r"(fpscr));
}

#elif defined __mips__

#define FLUSH (1u << 24) /* FS */

static inline struct control control(void)
{
    uint32_t fcsr;
    __asm__ volatile("cfc1 %0, $31" : "=r"(fcsr));
    return (struct control){fcsr & 0x01000f83, 0};
}

static inline void flush(void)
{
    uint32_t fcsr = control().bits | FLUSH;
    __asm__ volatile("ctc1 %0, $31" : : "r"(fcsr));
}

#elif defined __riscv

static inline struct control control(void)
{
    uint64_t frm;
    __asm__ volatile("frrm %0" : "=r"(frm));
    return (struct control){(uint32_t)frm, 0};
}

#elif defined __s390x__

static inline struct control control(void)
{
    uint32_t fpc;
    __asm__ volatile("efpc %0" : "=d"(fpc));
    return (struct control){fpc & 0xf8000077, 0};
}

#elif defined __powerpc64__

static inline struct control control(void)
{
    union { double d; uint64_t bits; } fpscr;
    __asm__ volatile("mffs %0" : "=d"(fpscr.d));
    return (struct control){(uint32_t)fpscr.bits & 0xff, 0};
}

#endif

#ifndef FLUSH
#define FLUSH 0u /* riscv64, s390x: no such mode; ppc64le: NI, of which the processor makes nothing since POWER8 */
static inline void flush(void) {}
#endif

#endif
