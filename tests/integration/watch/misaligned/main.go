package main

// int through(int n);
// int straight(int n);
import "C"

import "fmt"

//export back
func back(n C.int) C.int { return n + 1 }

func main() { fmt.Println(C.straight(1), C.through(2)) }
