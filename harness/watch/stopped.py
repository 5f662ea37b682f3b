"""The watch by stops: of native programs, and of what is mapped while a program runs, QEMU's log cannot tell."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace

from harness.elf.calls import calls
from harness.host.faults import Faults
from harness.probe import image
from harness.probe.conversation import Breakpoints
from harness.probe.guest import Guest
from harness.probe.libraries import Libraries
from harness.probe.stops import return_address
from harness.stub.client import Stub
from harness.stub.errors import MemoryUnreadable
from harness.unwind.modules import Module
from harness.watch.sites import INTO_GO, KERNEL, LOADER, SIGNALS, START, Exit, Site, Sites, of
from harness.watch.watcher import Watcher

MOST = 1000  # crossings of one kind that are held: a stop takes a millisecond
PATIENCE = 120.0  # seconds that all stops of a run may take


class Stopped(Watcher):
    """Visits a program (see `conversation.Visitor`).

    Where C or the kernel goes on after Go is learned at each entry: the stack can be read, which the log does not show.
    Of each kind of crossing the first `MOST` are held; then its breakpoints are taken away.

    Not so under QEMU 7.2, whose stub lets the other threads run: breakpoints that come and go while threads do spoil
    its lists. There they are all put before there are threads, but for where the kernel goes on, and stay.
    """

    def __init__(self, guest: Guest, faults: Faults) -> None:
        super().__init__(guest, faults, Sites({}, {}))
        self._is_native = guest.platform.emulator is None
        self._modules: list[Module] = []
        self._learned: dict[int, Exit] = {}
        self._entered: Counter[str] = Counter()
        self._dropped: set[str] = set()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know of the run."""
        why = "this watch stops the program at each; QEMU's log does not (docs/watch.md)"
        names = ", ".join(sorted(self._dropped))
        return (f"only the first {MOST} crossings by {names} were held: {why}",) if names else ()

    def begin(self, stub: Stub, breakpoints: Breakpoints, main: Module) -> None:
        """See `Visitor`."""
        self._breakpoints = breakpoints
        self._libraries = Libraries(self._guest, stub, main)
        for address in self._libraries.changed:
            breakpoints.insert(address)
        self._modules.append(main)
        self._look()

    def take(self, stub: Stub) -> bool:
        """See `Visitor`."""
        pc = stub.pc()
        is_ours = pc in self._breakpoints
        if pc in self._libraries.changed:
            new = [row for row in self._libraries.look()[0] if not image.is_system(self._guest, row.program.path)]
            if new:
                self._modules += new
                self._look()
        if pc in self.checker.sites.entries or pc in self.checker.sites.exits:
            self._cross(stub, pc)
        return is_ours

    def die(self, stub: Stub) -> None:
        """See `Visitor`: a fault is no crossing."""

    def forget(self) -> None:
        """See `Visitor`."""
        self.cross_at(Sites({}, {}))

    def _cross(self, stub: Stub, pc: int) -> None:
        site = self.checker.sites.entries.get(pc)
        if site is not None:
            self._entered[site.crossing] += 1
            if self._entered[site.crossing] > MOST:
                self._dropped.add(site.crossing)
                self._look()
                self.checker.drop(site.crossing)
                return
        values = stub.registers(names=self.checker.wanted).values
        back = None
        if site is not None and site.crossing in (*INTO_GO, *SIGNALS, START):
            with contextlib.suppress(MemoryUnreadable):  # it will not return then
                back = return_address(stub, self._guest.table, values[self._guest.table.sp])
                self._leave(site, back)
        self.checker.take(pc, values, back, stub.stop.thread)

    def _look(self) -> None:
        """Hold all crossings of the modules, but for what was dropped, and have their breakpoints."""
        before = {*self.checker.sites.addresses}
        found = of(self._modules, self._guest.arch, in_c=not self._is_native)
        wanted = replace(found, exits={**found.exits, **self._learned}).without(self._dropped)
        self.cross_at(wanted)
        for address in wanted.addresses:
            self._breakpoints.insert(address)
        if self._is_native:
            for address in before.difference(wanted.addresses):
                self._breakpoints.remove(address)

    def _leave(self, site: Site, back: int) -> None:
        """Stop at `back`, where `site` returns to."""
        known = self.checker.sites.exits.get(back)
        crossings = known.crossings if known is not None else ()
        if site.crossing not in crossings:
            self._learned[back] = Exit((*crossings, site.crossing), *self._call_before(back, site))
            self._look()

    def _call_before(self, back: int, site: Site) -> tuple[str, bool]:
        """Return the name of the call of `site` that goes on at `back`, and whether that calls nothing else."""
        for module in self._modules:
            function = module.function(back)
            if function is not None:
                made = calls(module.program, function, self._guest.arch)
                call = next((call for call in made if call.back + module.bias == back), None)
                return module.name_at(back if call is None else call.address + module.bias), bool(call and call.target)
        return KERNEL if site.crossing in SIGNALS else LOADER, False
