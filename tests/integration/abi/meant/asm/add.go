// Package asm has a function in assembly where the architecture is amd64.
package asm
