//go:build !amd64

package asm

// Add returns the sum.
//
//go:noinline
func Add(a, b int) int { return a + b }
