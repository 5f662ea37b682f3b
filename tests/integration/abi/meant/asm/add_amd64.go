package asm

// Add returns the sum.
func Add(a, b int) int
