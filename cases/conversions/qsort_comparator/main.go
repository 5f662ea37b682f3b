// C's qsort with comparators written in Go.
package main

/*
#include <stdlib.h>
#include <string.h>

// A type of this name lets the exported functions have qsort's exact comparator type.
typedef const void *const_voidp;

struct city {
	const char *name;
	double area;
	int people;
};

typedef int (*compare_fn)(const_voidp, const_voidp);

int compareInts(const_voidp, const_voidp);
int compareDoubles(const_voidp, const_voidp);
int compareCities(const_voidp, const_voidp);
*/
import "C"

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"unsafe"
)

func compare[T cmp.Ordered](a, b C.const_voidp) C.int {
	return C.int(cmp.Compare(*(*T)(a), *(*T)(b)))
}

//export compareInts
func compareInts(a, b C.const_voidp) C.int { return compare[C.int](a, b) }

//export compareDoubles
func compareDoubles(a, b C.const_voidp) C.int { return compare[C.double](a, b) }

// Most people first; then by name, for which the comparator itself calls back into C.
//
//export compareCities
func compareCities(a, b C.const_voidp) C.int {
	x, y := (*C.struct_city)(a), (*C.struct_city)(b)
	if c := cmp.Compare(y.people, x.people); c != 0 {
		return C.int(c)
	}
	return C.strcmp(x.name, y.name)
}

func sortC[T any](values []T, f C.compare_fn) {
	C.qsort(unsafe.Pointer(&values[0]), C.size_t(len(values)), C.size_t(unsafe.Sizeof(values[0])), f)
}

func main() {
	ints := []C.int{44, -11, 33, 0, -55, 22}
	sortC(ints, C.compare_fn(C.compareInts))
	fmt.Println("ints:", ints)

	doubles := []C.double{2.5, -0.5, 1e300, -1e300, 0.25}
	sortC(doubles, C.compare_fn(C.compareDoubles))
	fmt.Println("doubles:", doubles)

	// The structs hold pointers, so they live in C memory: cgo's rules let no Go pointer to them reach C.
	const n = 4
	cities := unsafe.Slice((*C.struct_city)(C.calloc(n, C.sizeof_struct_city)), n)
	defer C.free(unsafe.Pointer(&cities[0]))
	for i, c := range []struct {
		name   string
		area   float64
		people int
	}{{"Bern", 51.6, 140}, {"Zug", 21.6, 30}, {"Chur", 54.3, 40}, {"Arosa", 154.8, 30}} {
		cities[i] = C.struct_city{name: C.CString(c.name), area: C.double(c.area), people: C.int(c.people)}
		defer C.free(unsafe.Pointer(cities[i].name))
	}
	sortC(cities, C.compare_fn(C.compareCities))
	for i, c := range cities {
		fmt.Printf("city %d: %s %.1f %d\n", i+1, C.GoString(c.name), float64(c.area), c.people)
	}

	// bsearch calls back with the key first and the element second.
	key := C.int(33)
	found := (*C.int)(C.bsearch(unsafe.Pointer(&key), unsafe.Pointer(&ints[0]), C.size_t(len(ints)), C.sizeof_int, C.compare_fn(C.compareInts)))
	fmt.Println("bsearch finds 33:", found == &ints[4])

	// Enough calls for the goroutine to be preempted between them, and collections at the same time.
	many := make([]C.int, 2000)
	for i := range many {
		many[i] = C.int(i * 7919 % len(many)) // a permutation: 7919 is prime
	}
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	sortC(many, C.compare_fn(C.compareInts))
	close(stop)
	<-stopped
	fmt.Println("2000 ints sorted while the collector runs:", slices.IsSorted(many), many[0], many[1999])
}
