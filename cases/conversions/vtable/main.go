// A table of function pointers, filled in by C and called from Go, and filled in by Go and called from C.
package main

/*
#include <stdlib.h>
#include "shape.h"

int32_t hexagonCorners(const_shape);
double hexagonArea(const_shape);
struct point hexagonCenter(const_shape);
void hexagonMove(struct shape *, struct point);
uint8_t hexagonHasColor(const_shape);
int64_t hexagonMark(struct shape *, int32_t, double, int64_t);
*/
import "C"

import (
	"fmt"
	"unsafe"
)

//export hexagonCorners
func hexagonCorners(C.const_shape) C.int32_t { return 6 }

// Nearly 3/2·√3, and exact in binary.
//
//export hexagonArea
func hexagonArea(s C.const_shape) C.double { return 2.5 * s.side * s.side }

//export hexagonCenter
func hexagonCenter(s C.const_shape) C.struct_point { return s.at }

//export hexagonMove
func hexagonMove(s *C.struct_shape, by C.struct_point) {
	s.at.x += by.x
	s.at.y += by.y
}

//export hexagonHasColor
func hexagonHasColor(C.const_shape) C.uint8_t { return 255 }

//export hexagonMark
func hexagonMark(s *C.struct_shape, layer C.int32_t, weight C.double, tag C.int64_t) C.int64_t {
	s.tag = tag
	return 2 * (C.int64_t(layer) + C.int64_t(weight) + tag)
}

// is prints the value when it is the wanted one, so that garbage never reaches the output.
func is[T comparable](what string, got, want T) {
	if got != want {
		fmt.Println(what+":", "wrong")
		return
	}
	fmt.Printf("%s: %v\n", what, got)
}

// use calls every entry, from Go, through the C functions that call through the table.
func use(who string, s *C.struct_shape, corners C.int32_t, area C.double, center C.struct_point, color C.int, mark C.int64_t) {
	is(who+", corners", C.shape_corners(s), corners)
	is(who+", area", C.shape_area(s), area)
	C.shape_move(s, C.struct_point{x: 10.5, y: -20.25})
	is(who+", center after a move", C.shape_center(s), center)
	is(who+", has_color", C.shape_has_color(s), color)
	is(who+", mark", C.shape_mark(s, -1111, 2222.75, 3333333333333333), mark)
	is(who+", tag stored by mark", s.tag, 3333333333333333)
	is(who+", area times corners computed by C", C.area_times_corners(s), area*C.double(corners))
}

func main() {
	// Objects and tables lie in C memory: C keeps pointers to them between calls.
	square := (*C.struct_shape)(C.calloc(1, C.sizeof_struct_shape))
	defer C.free(unsafe.Pointer(square))
	*square = C.struct_shape{ops: &C.square_ops, at: C.struct_point{x: 1, y: 2}, side: 3}
	use("square in C", square, 4, 9, C.struct_point{x: 13, y: -16.75}, -1, 3333333333334444)

	ops := (*C.struct_shape_ops)(C.calloc(1, C.sizeof_struct_shape_ops))
	defer C.free(unsafe.Pointer(ops))
	// cgo makes every C function pointer a *[0]byte: no compiler compares an entry's type with the function put into it.
	ops.corners = (*[0]byte)(C.hexagonCorners)
	ops.area = (*[0]byte)(C.hexagonArea)
	ops.center = (*[0]byte)(C.hexagonCenter)
	ops.move = (*[0]byte)(C.hexagonMove)
	ops.has_color = (*[0]byte)(C.hexagonHasColor)
	ops.mark = (*[0]byte)(C.hexagonMark)
	hexagon := (*C.struct_shape)(C.calloc(1, C.sizeof_struct_shape))
	defer C.free(unsafe.Pointer(hexagon))
	*hexagon = C.struct_shape{ops: ops, at: C.struct_point{x: 5, y: 6}, side: 2}
	use("hexagon in Go", hexagon, 6, 10, C.struct_point{x: 15.5, y: -14.25}, 255, 6666666666668888)
}
