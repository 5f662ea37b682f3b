package main

// extern void exported(int, int, int);
// static void *exported_code(void) { return exported; }
import "C"

import "unsafe"

// In a file of its own: one that exports has declarations only above its import.
func exportedCode() unsafe.Pointer { return C.exported_code() }
