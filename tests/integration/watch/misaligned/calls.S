/* through() calls back() with a stack that is not as the psABI wants it, straight() with one that is. */
#if defined(__x86_64__)
#define FUNCTION(name, room) .globl name; .type name, %function; name: sub $room, %rsp; call back; add $room, %rsp; ret
	FUNCTION(through, 16)
	FUNCTION(straight, 8)
#elif defined(__s390x__)
#define FUNCTION(name, room) .globl name; .type name, %function; name: stmg %r14, %r15, 112(%r15); \
	aghi %r15, -(room); brasl %r14, back; lmg %r14, %r15, (room) + 112(%r15); br %r14
	FUNCTION(through, 164)
	FUNCTION(straight, 160)
#elif defined(__powerpc64__)
	.abiversion 2
#define FUNCTION(name, room) .globl name; .type name, @function; name: addis 2, 12, .TOC.-name@ha; \
	addi 2, 2, .TOC.-name@l; .localentry name, .-name; mflr 0; std 0, 16(1); stdu 1, -(room)(1); bl back; nop; \
	addi 1, 1, room; ld 0, 16(1); mtlr 0; blr
	FUNCTION(through, 40)
	FUNCTION(straight, 48)
#elif defined(__arm__)
	.arm
#define FUNCTION(name, room) .globl name; .type name, %function; name: push {r4, lr}; sub sp, sp, $(room); bl back; \
	add sp, sp, $(room); pop {r4, pc}
	FUNCTION(through, 4)
	FUNCTION(straight, 8)
#endif
	.section .note.GNU-stack, "", %progbits
