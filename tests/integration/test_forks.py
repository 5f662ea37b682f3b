"""Programs that fork while they are stopped: they print and end as alone, and what their children do is theirs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from harness.target import NATIVE, QEMU

from .support import CROSSABI, command, target

SOURCE = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
__attribute__((noipa)) int add3(int x) { return x + 3; }
static void *work(void *unused) {
  long sum = 0;
  for (int i = 0; i < 50; i++) {
    sum += add3(i);
    if (i % 10) continue;
    int status = 0;
    pid_t child = fork();
    if (!child) _exit(add3(1));
    waitpid(child, &status, 0);
    sum += WEXITSTATUS(status);
  }
  return (void *)sum;
}
int main(int argc, char **argv) {
  pthread_t threads[4];
  long sum = 0;
  if (!strcmp(argv[1], "threads")) {
    for (int i = 0; i < 4; i++) pthread_create(threads + i, NULL, work, NULL);
    for (int i = 0; i < 4; i++) {
      void *found;
      pthread_join(threads[i], &found);
      sum += (long)found;
    }
    printf("sum %ld\n", sum);
    return 5;
  }
  int status = 0;
  add3(1);
  pid_t child = vfork();
  if (!child) _exit(add3(4));
  waitpid(child, &status, 0);
  printf("child %x\n", status);
  add3(2);
  return 5;
}
"""
TRAP = r"""
#include <signal.h>
#include <stdio.h>
static int count;
static void handle(int number) { count += number == SIGTRAP; }
int work(int);
__asm__(".globl work\n.type work, %function\nwork: int3\nlea 1(%rdi), %eax\nret\n.size work, .-work");
int main(void) {
  signal(SIGTRAP, handle);
  int sum = work(1) + work(2);
  printf("%d traps, %d\n", count, sum);
  return 0;
}
"""


HANDLER = r"""
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
static int calls, alarms;
__attribute__((noipa)) int hit(int from) { return from + 1; }
static void on_alarm(int number) { hit(number + 0x100); __atomic_add_fetch(&alarms, 1, __ATOMIC_SEQ_CST); }
static void *work(void *unused) {
  for (int i = 0; i < 20; i++) {
    hit(10);
    __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    for (volatile int k = 0; k < 200000; k++) {}
  }
  return unused;
}
int main(void) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
  pthread_t threads[3];
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
  for (int i = 0; i < 3; i++) pthread_create(threads + i, NULL, work, NULL);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  setitimer(ITIMER_REAL, &never, NULL);
  printf("%d calls, %d alarms\n", calls, alarms);
  return 0;
}
"""


def compiled(arch: str, runner: str, text: str, folder: Path) -> Path:
    (folder / "program.c").write_text(text)
    program = folder / "program"
    cc = [*target(arch, runner).cc.command, "-O1", "-g", "-pthread"]
    subprocess.run([*cc, "-o", program, folder / "program.c"], check=True)
    return program


@pytest.mark.parametrize("when", ["entry", "both"])
@pytest.mark.parametrize(("arch", "runner"), [("amd64", NATIVE), ("386", NATIVE), ("arm64", QEMU)])
@pytest.mark.parametrize(("way", "hits", "says"), [("threads", 200, "sum 5580"), ("vfork", 2, "child 700")])
def test_what_a_program_forks_is_left_alone(
    way: str, hits: int, says: str, arch: str, runner: str, when: str, tmp_path: Path
) -> None:
    program = compiled(arch, runner, SOURCE, tmp_path)
    for wanted in ("1-1000", "2-4"):  # the breakpoints go while other threads fork
        argv = ("snapshot", f"--runner={runner}", "--source=stub", "--at=add3", f"--when={when}", f"--hits={wanted}")
        ran = command([*CROSSABI, *argv, "--json", program, "--", way], Path.cwd())
        rows = [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]
        assert f"{says}\n" in ran.text, ran.text[-2000:]
        assert "program ended with exit 5" in ran.text
        entries = [row["hit"] for row in rows if row["when"] == "entry"]
        assert entries == list(range(1, hits + 1) if wanted == "1-1000" else range(2, min(4, hits) + 1))
        returns = sorted(row["hit"] for row in rows if row["when"] == "return")
        assert returns == (entries if when == "both" else [])


def test_a_place_that_is_a_trap_itself_is_refused_and_the_program_runs_as_alone(tmp_path: Path) -> None:
    program = compiled("amd64", NATIVE, TRAP, tmp_path)
    for runner, source in ((NATIVE, "auto"), (QEMU, "stub")):
        ran = command(
            [*CROSSABI, "snapshot", f"--runner={runner}", f"--source={source}", "--at=work", program], Path.cwd()
        )
        assert "2 traps, 5\n" in ran.text
        assert "work: the instruction there is a trap itself, and cannot be stopped at" in ran.text
        assert ran.code == 1
    ran = command([*CROSSABI, "snapshot", f"--runner={QEMU}", "--at=work", program], Path.cwd())
    assert re.search(r"^2 traps, 5\n(?s:.*)work: hit 2 times$", ran.text, re.M), ran.text


def test_a_place_that_a_handler_comes_by_too_is_counted_once_a_call(tmp_path: Path) -> None:
    program = compiled("amd64", NATIVE, HANDLER, tmp_path)
    argv = ("snapshot", "--runner=native", "--at=hit", "--when=both", "--hits=1-100000", "--json", program)
    ran = command([*CROSSABI, *argv], Path.cwd())
    told = re.search(r"^(\d+) calls, (\d+) alarms$", ran.text, re.M)
    assert told is not None, ran.text[-2000:]
    rows = [json.loads(line) for line in ran.text.splitlines() if line.startswith("{")]
    said = [row["meant"]["arguments"][0]["value"] for row in rows if row["when"] == "entry"]
    assert (said.count(10), len(said) - said.count(10)) == (60, int(told[2]))
    assert sum(row["when"] == "return" for row in rows) == len(said)
