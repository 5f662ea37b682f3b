// A program that misbehaves, or behaves, as its arguments say; built once for each architecture.
package main

// #include "actor.h"
import "C"

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

var acts = map[string]func(words []string){
	"say":     func(words []string) { fmt.Println(strings.Join(words, " ")) },
	"arch":    func([]string) { fmt.Println("this is", runtime.GOARCH) },
	"by-arch": byArch,
	"flag":    func([]string) { fmt.Println("flag of the case:", C.flag_of_the_case()) },
	"exit":    func(words []string) { os.Exit(number(words[0])) },
	"count":   count,
	"cat":     func([]string) { must(io.Copy(os.Stdout, os.Stdin)) },
	"environ": environ,
	"loop":    func([]string) { spinWithoutEnd() },
	"fork":    func([]string) { C.fork_without_end() },
	"flood":   flood,
	"ignore": func([]string) {
		signal.Ignore(syscall.SIGTERM, syscall.SIGQUIT)
		spinWithoutEnd()
	},
	"stop": func([]string) {
		C.stop_oneself()
		fmt.Println("continued")
		spinWithoutEnd()
	},
	"stop-parent": func(words []string) {
		C.stop_parent(C.int(number(words[0])))
		spinWithoutEnd()
	},
	"close": func(words []string) {
		os.Stdout.Close()
		os.Stderr.Close()
		if slices.Contains(words, "loop") {
			spinWithoutEnd()
		}
	},
	"orphan": orphan,
	"signal": func(words []string) { C.die_of(C.int(number(words[0]))) },
	"panic":  func([]string) { panic("thrown on purpose") },
	"nil":    func([]string) { fmt.Println(*(*int)(nothing())) },
	"maps":   concurrentMaps,
	"fault":  func([]string) { C.fault() },
	"alloc":  alloc,
}

func main() {
	act, known := acts[os.Args[1]]
	if !known {
		panic("no such act: " + os.Args[1])
	}
	act(os.Args[2:])
}

// byArch prints the words of "amd64=some words" for this architecture, or of "else=…".
func byArch(rows []string) {
	for _, name := range []string{runtime.GOARCH, "else"} {
		for _, row := range rows {
			if text, found := strings.CutPrefix(row, name+"="); found {
				fmt.Println(text)
				return
			}
		}
	}
}

// count appends a line to a file and exits with words[1+n] at the n-th run, the last word from then on.
func count(words []string) {
	file, err := os.OpenFile(words[0], os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o644)
	check(err)
	must(file.WriteString(runtime.GOARCH + "\n"))
	text, err := os.ReadFile(words[0])
	check(err)
	codes := words[1:]
	if len(codes) > 0 {
		os.Exit(number(codes[min(strings.Count(string(text), "\n"), len(codes))-1]))
	}
}

func environ([]string) {
	words := os.Environ()
	slices.Sort(words)
	fmt.Println(strings.Join(words, "\n"))
}

//go:noinline
func spinWithoutEnd() {
	for {
	}
}

func flood(words []string) {
	block := []byte(strings.Repeat("0123456789abcde\n", 1<<16)) // 1 MiB
	for n := number(words[0]); n > 0; n-- {
		must(os.Stdout.Write(block))
	}
}

// orphan leaves a child behind, in a session of its own.
func orphan(words []string) {
	self, err := os.Executable()
	check(err)
	_, err = os.StartProcess(self, append([]string{self, "loop"}, words...), &os.ProcAttr{Sys: &syscall.SysProcAttr{Setsid: true}})
	check(err)
}

func concurrentMaps([]string) {
	shared := map[int]int{}
	for worker := 0; worker < 8; worker++ {
		go func() {
			for n := 0; ; n++ {
				shared[n%16] = n
			}
		}()
	}
	spinWithoutEnd()
}

func alloc(words []string) {
	var kept [][]byte
	for n := number(words[0]); n > 0; n-- {
		kept = append(kept, make([]byte, 1<<20))
	}
	fmt.Println("got", len(kept), "MiB")
}

//go:noinline
func nothing() *int { return nil }

func number(word string) int { return must(strconv.Atoi(word)) }

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
