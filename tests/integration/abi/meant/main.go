package main

import "C"

import (
	"errors"
	"fmt"
	"os"

	"meant/asm"
)

type t struct {
	A int8
	B float32
	C string
	D [1]int
	E bool
}

type asked interface{ M(int) int }

type point struct{ x int }

//go:noinline
func (p *point) M(n int) int { return p.x + n }

//go:noinline
func (p point) V(n int, s string) (int, string) { return p.x + n, s + "!" }

//go:noinline
func many(a int, b uint8, s string, l []int32, m map[string]int, c chan int, f func(int) int, i asked, e error, v t,
	x float32, y float64, z complex128, r [3]int, yes bool) (int, string, error) {
	return a + int(b) + len(s) + len(l) + f(1) + i.M(2), s, e
}

//go:noinline
func blank(_ int, b string, _ float64, c int64) (n int, err error) { return len(b), nil }

//go:noinline
func deferred(n int) (r int, err error) {
	defer func() { r++ }()
	return n, err
}

//go:noinline
func generic[T any](v T, n int) int { return n + len(fmt.Sprint(v)) }

func double(n int) int { return 2 * n }

func main() {
	p := &point{5}
	n, s, err := many(-7, 200, "hey", []int32{1, 2}, map[string]int{"a": 1}, make(chan int), double, p,
		errors.New("bad"), t{-1, 0.1, "in T", [1]int{9}, true}, 0.1, 2.5, complex(1, 2), [3]int{1, 2, 3}, true)
	v, w := p.V(3, "a\tb")
	b, _ := blank(1, "bb", 2.5, 77)
	d, _ := deferred(41)
	fmt.Fprintln(os.Stderr, n, s, err, v, w, b, d, generic("four", 9), asm.Add(2, 3))
}
