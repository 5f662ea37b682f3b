// Go functions, exported with //export, called by C through plain C function pointers.
package main

/*
#include "callbacks.h"

// cgo writes these wrappers; the same declarations stand in _cgo_export.h, where C's compiler compares them.
int goInts(int, int, int, int, int, int, int, int, int, int);
int16_t goNarrow(int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t);
double goFloats(double, float, double, float, double, float, double, float, double, float);
int64_t goBoth(int, double, int64_t, float, int, int64_t);
struct pair goPair(struct pair);
struct mixed goMixed(int, struct mixed);
struct hfa goHFA(struct hfa, double);
struct big goBig(int, struct big, int);
*/
import "C"

import (
	"fmt"
	"strings"
)

// is gives the value when it is the wanted one, so that garbage never reaches the output.
func is[T comparable](got, want T) string {
	if got != want {
		return "wrong"
	}
	return fmt.Sprint(got)
}

func line(what string, values ...string) {
	fmt.Println(what+":", strings.Join(values, " "))
}

// Ten ints: more than any of the eight ABIs has integer argument registers for (8 at most; none on 386).
//
//export goInts
func goInts(a, b, c, d, e, f, g, h, i, j C.int) C.int {
	line("ints, arguments",
		is(a, 1111), is(b, 2222), is(c, 3333), is(d, 4444), is(e, 5555),
		is(f, 6666), is(g, 7777), is(h, 8888), is(i, 9999), is(j, 10101))
	return -121212
}

// Who extends a narrow argument to a register, caller or callee, and how, is each ABI's own rule: s390x and
// ppc64le extend in the caller, AAPCS64 in the callee, RISC-V sign-extends even uint32_t to 64 bits.
//
//export goNarrow
func goNarrow(a C.int8_t, b C.uint8_t, c C.int16_t, d C.uint16_t, e C.int32_t, f C.uint32_t, g C.int64_t, h C.uint64_t) C.int16_t {
	line("narrow and wide integers, arguments",
		is(a, -11), is(b, 222), is(c, -3333), is(d, 44444), is(e, -555555555),
		is(f, 4000000006), is(g, -7777777777777777), is(h, 18000000000000000008))
	return -12121
}

// Double and float in turn, ten of them. s390x has four registers for them; amd64, arm64 and mips64 have eight;
// RISC-V has eight and goes on in integer registers; arm fits them all by back-filling half-used d registers
// (AAPCS32 7.1.2, C.1.vfp); ppc64le has thirteen.
//
//export goFloats
func goFloats(a C.double, b C.float, c C.double, d C.float, e C.double, f C.float, g C.double, h C.float, i C.double, j C.float) C.double {
	line("floats and doubles, arguments",
		is(a, 1.25), is(b, 2.5), is(c, 3.75), is(d, 4.125), is(e, 5.25),
		is(f, 6.5), is(g, 7.75), is(h, 8.125), is(i, 9.25), is(j, 10.5))
	return -12.125
}

// Integers and floats mixed: MIPS n64 and ppc64le count both in one row of slots, the others in two rows; on arm the
// int64_t takes an even-odd pair, so r1 stays empty (AAPCS32 6.5, C.3).
//
//export goBoth
func goBoth(a C.int, b C.double, c C.int64_t, d C.float, e C.int, f C.int64_t) C.int64_t {
	line("integers and floats, arguments",
		is(a, 1111), is(b, 2.5), is(c, 3333333333333333), is(d, 4.25), is(e, 5555), is(f, 6666666666666666))
	return -1212121212121212
}

//export goPair
func goPair(p C.struct_pair) C.struct_pair {
	line("8-byte struct, argument", is(p.x, 1111), is(p.y, -2222))
	return C.struct_pair{x: -3333, y: 4444}
}

//export goMixed
func goMixed(before C.int, m C.struct_mixed) C.struct_mixed {
	line("struct of int64_t and double, arguments", is(before, 1111), is(m.n, 2222222222222222), is(m.d, 3.25))
	return C.struct_mixed{n: -4444444444444444, d: 5.75}
}

//export goHFA
func goHFA(h C.struct_hfa, after C.double) C.struct_hfa {
	line("struct of four floats, arguments", is(h.a, 1.25), is(h.b, 2.5), is(h.c, 3.75), is(h.d, 4.125), is(after, 5.25))
	return C.struct_hfa{a: -1.5, b: -2.25, c: -3.125, d: -4.75}
}

//export goBig
func goBig(before C.int, b C.struct_big, after C.int) C.struct_big {
	line("24-byte struct, arguments", is(before, 1111),
		is(b.a, 2222222222222222), is(b.b, -3333333333333333), is(b.c, 4444444444444444), is(after, 5555))
	return C.struct_big{a: -6666666666666666, b: 7777777777777777, c: -8888888888888888}
}

func main() {
	line("ints, result", is(C.call_ints(C.ints_fn(C.goInts)), -121212))
	line("narrow and wide integers, result", is(C.call_narrow(C.narrow_fn(C.goNarrow)), -12121))
	line("floats and doubles, result", is(C.call_floats(C.floats_fn(C.goFloats)), -12.125))
	line("integers and floats, result", is(C.call_both(C.both_fn(C.goBoth)), -1212121212121212))

	pair := C.call_pair(C.pair_fn(C.goPair))
	line("8-byte struct, result", is(pair.x, -3333), is(pair.y, 4444))

	mixed := C.call_mixed(C.mixed_fn(C.goMixed))
	line("struct of int64_t and double, result", is(mixed.n, -4444444444444444), is(mixed.d, 5.75))

	hfa := C.call_hfa(C.hfa_fn(C.goHFA))
	line("struct of four floats, result", is(hfa.a, -1.5), is(hfa.b, -2.25), is(hfa.c, -3.125), is(hfa.d, -4.75))

	big := C.call_big(C.big_fn(C.goBig))
	line("24-byte struct, result", is(big.a, -6666666666666666), is(big.b, 7777777777777777), is(big.c, -8888888888888888))
}
