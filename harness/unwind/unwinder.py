"""Backtraces through C and Go, through both switches of stacks between them, and into what a signal interrupted.

Frames are unwound by call frame information alone; at a switch by what Go's runtime leaves (`switches`), at a handler
of a signal by what the kernel does (`signals`). Where either
does not fit, the backtrace ends and says why: no frame is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.elf.lines import line_at
from harness.registers import RegisterTable
from harness.snapshot import Frame
from harness.unwind import cfi, jumps, signals
from harness.unwind import switches as of
from harness.unwind.cursor import CfiBroken
from harness.unwind.expressions import Evaluator, Memory
from harness.unwind.modules import Module, holding
from harness.unwind.switches import SWITCHES
from harness.unwind.trapped import raised_at

MOST_FRAMES = 4096
_PAGE = 1024  # bytes
_NOSAVE = 512  # bytes between asmcgocall's two stack pointers where it does not change stacks, at most
_ADDRESS = (1 << 48) - 1  # of arm64's user space: above it is the pointer authentication code


@dataclass(frozen=True)
class Backtrace:
    """Frames, innermost first, and why there are no more; empty where the outermost was reached.

    `unread` is the address of the memory that was wanted for the last of them and could not be read.
    """

    frames: tuple[Frame, ...]
    ended: str = ""
    unread: int | None = None


_HANDLER = "not available: what the signal interrupted: no frame of the kernel's is on this stack"
_SAME = cfi.Rule(cfi.SAME)
_SURE, _PERHAPS = "sure", "perhaps"  # that the kernel called a handler


class _Stop(Exception):
    """The backtrace ends here, for a reason (empty: this is the outermost frame)."""


def unwind(
    table: RegisterTable,
    registers: Mapping[str, int],
    memory: Memory,
    modules: Callable[[], Sequence[Module]],
    most: int = MOST_FRAMES,
    is_code: Callable[[int], bool] | None = None,
) -> Backtrace:
    """Return the backtrace of a thread with `registers`, by the table's names. Raises nothing.

    `modules` returns what is mapped; the first is the program itself. It is asked once. `is_code` says of an
    address in none of them whether code may be there all the same, None: where memory can be read.
    """
    return _Walk(table, registers, memory, modules(), is_code or (lambda at: bool(memory(at, 1)))).run(most)


class _Walk:
    def __init__(
        self,
        table: RegisterTable,
        registers: Mapping[str, int],
        memory: Memory,
        modules: Sequence[Module],
        is_code: Callable[[int], bool],
    ) -> None:
        self._table, self._memory, self._modules, self._is_code = table, memory, modules, is_code
        self._switch = SWITCHES[table.arch]
        self._word = table.word
        self._mask = (1 << 8 * self._word) - 1
        self._named = registers
        self._regs = {number: registers[name] for name, number in self._switch.numbers.items() if name in registers}
        self._pc = registers[table.pc] & ~table.isa_bit
        self._is_exact = True  # the address of an instruction, not of what follows a call
        self._g = registers.get(table.g, 0)
        self._system: int | None = None  # g0.sched.sp at this depth of the chain
        self._frames: list[Frame] = []
        self._moved = False  # whether this frame changed stacks
        self._pages: dict[int, bytes | None] = {}
        self._eval = Evaluator(self._register, self._load_raw, self._word, table.byte_order)

    def run(self, most: int) -> Backtrace:
        try:
            for _ in range(most):
                self._step()
        except _Stop as stop:
            is_handler = bool(self._frames) and self._frames[-1].name in of.SIGTRAMP
            ended = str(stop) or (_HANDLER if is_handler else "")
            return Backtrace(tuple(self._frames), ended, self._eval.unread if ended else None)
        except (CfiBroken, OSError) as error:
            return Backtrace(tuple(self._frames), f"not available: {error}", self._eval.unread)
        return Backtrace(tuple(self._frames), f"not available: more than {most} frames")

    # one frame

    def _step(self) -> None:
        self._eval.unread = None
        sp = self._regs.get(self._switch.sp)
        if sp is None:
            raise CfiBroken("the stack pointer is not known")
        look = self._pc if self._is_exact else self._pc - 1
        module = holding(self._modules, look)
        is_caller = not self._is_exact
        if is_caller and (called := self._called_by_kernel(module, look)) and self._interrupted(sp, called):
            return
        function = module.function(look) if module is not None else None
        name = function.name if function else ""
        self._add(module, name, look, sp)
        if is_caller and name in of.CGOCALLBACK:
            sp = self._to_system(sp)
        row: cfi.Row | None
        if is_caller and name in of.ASMCGOCALL and module is not None:
            row = self._to_goroutine(module, look, sp)
        elif name in of.ENDS:
            raise _Stop
        elif is_caller and name in of.SYSTEMSTACK:
            raise _Stop(
                "not available: the caller of runtime.systemstack is on a goroutine's stack that g0 does not tell"
            )
        else:
            row = self._row(module, look, name)
        if row is None:
            self._by_link()
        elif is_caller and name in of.CROSSCALL2:
            self._from_crosscall2(row, self._regs[self._switch.sp])
        elif name not in of.SIGTRAMP:
            self._apply(row, name)
        elif self._is_called_by_code(row) or not any(
            self._interrupted(at, _PERHAPS) for at in self._at_entry_of_sigtramp(row)
        ):
            raise _Stop  # called by a handler in C, and marked as outermost

    def _add(self, module: Module | None, name: str, look: int, sp: int) -> None:
        function = module.function(look) if module is not None else None
        file, line = line_at(module.program.path, look - module.bias) if module is not None else ("", 0)
        start = function.start + module.bias if function is not None and module is not None else self._pc
        if not name and module is not None and module is not self._modules[0]:
            name = f"{module.name}+{self._pc - module.bias:#x}"
        self._frames.append(Frame(self._pc, name or hex(self._pc), self._pc - start, file, line, sp))

    def _row(self, module: Module | None, look: int, name: str) -> cfi.Row | None:
        row = module.row(look) if module is not None else None
        if row is None and not (self._is_exact and self._did_nothing_yet(module, look)):
            entry = module.program.entry + module.bias if module is not None else 0
            function = module.function(look) if module is not None else None
            if function is not None and module is not None and function.start + module.bias == entry & ~1:
                raise _Stop  # where the kernel began
            if module is None:
                raise _Stop(f"not available: {self._pc:#x} lies in no file that is at hand")
            what = name or hex(self._pc)
            raise _Stop(f"not available: {module.name} has no call frame information of {what}")
        return row

    def _did_nothing_yet(self, module: Module | None, look: int) -> bool:
        """Whether the pc is where a call went to: the first instruction of a function, or no code at all."""
        if module is None:
            back, by_any = self._link()[0] & ~self._table.isa_bit, not self._is_code(look)
            return jumps.came_by_call(self._table, self._modules, self._named, back, self._load, by_any=by_any)
        function = module.function(look)
        return function is not None and look - module.bias in {function.start, *function.entries}

    def _by_link(self) -> None:
        """Go to the caller of a function that was just entered."""
        self._leave(*self._link(), is_signal=False)

    def _link(self) -> tuple[int, int]:
        """Return where a function that was just entered returns to, and with which stack pointer."""
        sp = self._regs[self._switch.sp]
        if not self._table.link:
            return self._load(sp), sp + self._word
        back = self._named.get(self._table.link)
        if back is None:
            raise CfiBroken(f"{self._table.link} is not known")
        return back, sp

    # rules

    def _apply(self, row: cfi.Row, name: str) -> None:
        cfa, before = self._cfa(row.cfa), self._regs[self._switch.sp]
        back = self._back(row, cfa)
        regs = dict(self._regs)
        for number, rule in row.rules.items():
            value = self._value(rule, number, cfa)
            if value is None:
                regs.pop(number, None)
            else:
                regs[number] = value
        if self._switch.sp_is_cfa and row.rules.get(self._switch.sp, _SAME).kind == cfi.SAME:
            regs[self._switch.sp] = cfa
        if self._switch.sp not in regs:
            raise CfiBroken(f"what {self._frames[-1].name} saved the stack pointer in is not known")
        self._regs = regs
        if name in of.INJECTED:
            self._from_injected(back)
            return
        if row.is_signal:
            back = self._raised_at(before, back & self._mask)
            told = {name: regs[number] for name, number in self._switch.numbers.items() if number in regs}
            self._named = {**told, self._table.pc: back}
            self._g = regs.get(self._switch.numbers.get(self._table.g, -1), 0)
        self._leave(back & _ADDRESS if row.is_signed else back, self._regs[self._switch.sp], row.is_signal)

    def _back(self, row: cfi.Row, cfa: int) -> int:
        rule = row.rules.get(row.column, _SAME)
        value = self._value(rule, row.column, cfa)
        if value is None:
            raise _Stop if rule.kind == cfi.UNDEFINED else CfiBroken("the return address is not known")
        return value

    def _cfa(self, rule: cfi.Rule) -> int:
        if rule.kind == cfi.IS_EXPRESSION:
            return self._eval.run(rule.expression)
        return (self._register(rule.register) + rule.number) & self._mask

    def _value(self, rule: cfi.Rule, number: int, cfa: int) -> int | None:
        match rule.kind:
            case cfi.UNDEFINED:
                return None
            case cfi.SAME:
                return self._regs.get(number)
            case cfi.IN:
                return self._regs.get(rule.register)
            case cfi.AT:
                return self._load(cfa + rule.number)
            case cfi.IS:
                return (cfa + rule.number) & self._mask
            case cfi.AT_EXPRESSION:
                return self._load(self._eval.run(rule.expression, cfa))
        return self._eval.run(rule.expression, cfa)

    def _leave(self, back: int, sp: int, is_signal: bool) -> None:
        """Be in the caller from now on."""
        last = self._frames[-1]
        self._frames[-1] = replace(last, cfa=sp)
        back = back & self._mask & ~self._table.isa_bit
        if not back and not is_signal:
            raise _Stop
        if back == self._pc and sp == last.sp:
            raise CfiBroken(f"{last.name} is its own caller")
        if sp < last.sp and self._regs.get(self._switch.sp) == sp and not (self._moved or is_signal):
            raise CfiBroken(f"the stack pointer of {last.name}'s caller is below its own")
        self._moved = False
        self._pc, self._is_exact = back, is_signal
        self._regs[self._switch.sp] = sp

    # signals

    def _called_by_kernel(self, module: Module | None, look: int) -> str:
        """Return whether what returns here was called by the kernel, because no call is before it: `_SURE` by the code.

        A core can lack that page, which is in no file.
        """
        if module is not None and module.covers(look) and not module.starts(self._pc):
            return ""
        if module is None and self._is_code(self._pc) and self._memory(self._pc, 2) is None:
            return _PERHAPS
        returns = signals.SIGNAL_FRAMES[self._table.arch].returns
        return _SURE if any(self._memory(self._pc, len(code)) == code for code in returns) else ""

    def _at_entry_of_sigtramp(self, row: cfi.Row) -> tuple[int, int]:
        """Return what the stack pointer can have been where Go's sigtramp was entered, whose state is `row`."""
        cfa = self._cfa(row.cfa)
        return cfa, cfa + signals.SIGNAL_FRAMES[self._table.arch].untold

    def _is_called_by_code(self, row: cfi.Row) -> bool:
        """Whether Go's sigtramp, whose state is `row`, returns to what called it: a handler in C, not the kernel."""
        frame = signals.SIGNAL_FRAMES[self._table.arch]
        start = self._cfa(row.cfa) if frame.from_cfa else self._regs[self._switch.sp]
        back = self._load(start + frame.back) & ~self._table.isa_bit
        module = holding(self._modules, back - 1)
        if module is None or module.starts(back):
            return False
        found = module.row(back - 1)
        return found is not None and not found.is_signal

    def _from_injected(self, back: int) -> None:
        """Go from a call that nobody wrote to the instruction in front of which it happened (preparePanic, pushCall).

        Where there is a link register it is on the stack now. What it holds is the return address too where a thread
        jumped to what is no code: that one was called as usual.
        """
        sp = self._regs[self._switch.sp]
        link = self._load(sp) if self._table.link else None
        if link is not None:
            self._regs[self._switch.numbers[self._table.link]] = link
        self._leave(back, sp + self._switch.injected, is_signal=link != back)

    def _interrupted(self, sp: int, called: str) -> bool:
        """Go to what a signal interrupted whose handler returns with the stack pointer `sp`; return whether it is."""
        try:
            found = signals.interrupted(self._table, sp, self._eval.load, is_sure=called == _SURE)
        except CfiBroken:
            return False
        if found is None:
            return False
        if self._frames and self._frames[-1].cfa is None:
            self._frames[-1] = replace(self._frames[-1], cfa=sp)
        self._named = found
        self._regs = {number: found[name] for name, number in self._switch.numbers.items() if name in found}
        self._pc, self._is_exact = self._raised_at(sp, found[self._table.pc] & ~self._table.isa_bit), True
        self._g = found.get(self._table.g, 0)
        return True

    def _raised_at(self, sp: int, pc: int) -> int:
        """Return the instruction of what the signal interrupted whose frame is at `sp`; `pc` may be past it."""
        try:
            signal, address = signals.told(self._table, sp, self._eval.load)
        except CfiBroken:
            return pc
        return raised_at(self._table.arch, signal, pc, self._memory, self._modules, address)

    # switches

    def _to_goroutine(self, module: Module, look: int, sp: int) -> cfi.Row:
        """From asmcgocall's frame on the thread's stack to the one on the goroutine's."""
        g, depth = self._load(sp + self._switch.old_g), self._load(sp + self._switch.depth)
        found = self._bounds(g)
        if found is not None and found[0] <= found[1] - depth < found[1]:
            self._g, there = g, found[1] - depth
        elif sp < depth <= sp + _NOSAVE:
            there = depth  # it did not change stacks
        else:
            raise _Stop("not available: what asmcgocall left on the stack is not what this release of Go is known for")
        row = module.body(look)
        if row is None:
            raise _Stop("not available: there is no call frame information of asmcgocall")
        self._regs = {self._switch.sp: there}
        self._moved = True
        return row

    def _to_system(self, sp: int) -> int:
        """From cgocallback's frame on the goroutine's stack to the one on the thread's, where its caller is."""
        if self._system is None:
            self._system = self._system_sp(sp)
        there = self._system
        self._system = self._load(there + self._switch.saved)
        self._regs = {self._switch.sp: there}
        self._moved = True
        return there

    def _system_sp(self, sp: int) -> int:
        """Return g0.sched.sp of the thread that runs the goroutine whose stack holds `sp`."""
        bounds = self._bounds(self._g) if self._g else None
        if bounds is None or not bounds[0] <= sp < bounds[1]:
            raise _Stop(f"not available: {self._table.g or 'no register'} does not tell the goroutine that runs here")
        m = self._load(self._g + of.G_M * self._word)
        g0 = self._load(m + of.M_G0 * self._word)
        if self._load(g0 + of.G_M * self._word) != m:
            raise _Stop("not available: this release of Go lays out its g and m in another way than is known")
        return self._load(g0 + of.G_SCHED_SP * self._word)

    def _from_crosscall2(self, row: cfi.Row, sp: int) -> None:
        switch = self._switch
        if row.cfa.register != switch.sp or row.cfa.number != switch.told:
            raise _Stop(f"not available: crosscall2's frame has {row.cfa.number} bytes, and {switch.told} are known")
        back = self._load(sp + switch.back)
        self._regs = {number: self._load(sp + offset) for number, offset in switch.saves.items()}
        self._regs[switch.sp] = sp + switch.frame
        self._leave(back, sp + switch.frame, is_signal=False)

    def _bounds(self, g: int) -> tuple[int, int] | None:
        """Return the bounds of the stack of the goroutine at `g`, or None where there is none."""
        try:
            low, high = (self._load(g + field * self._word) for field in (of.G_LO, of.G_HI))
        except CfiBroken:
            return None
        return (low, high) if low < high else None

    # values

    def _register(self, number: int) -> int:
        if number not in self._regs:
            raise CfiBroken(f"register {number} of DWARF's is not known here")
        return self._regs[number]

    def _load(self, address: int) -> int:
        return self._eval.load(address, self._word)

    def _load_raw(self, address: int, size: int) -> bytes | None:
        """Return memory, which is read in pages: a question to a stub costs more than what it brings."""
        page = address & -_PAGE
        if address + size > page + _PAGE:
            return self._memory(address, size)
        if page not in self._pages:
            self._pages[page] = self._memory(page, _PAGE)
        found = self._pages[page]
        return found[address - page :][:size] if found is not None else self._memory(address, size)
