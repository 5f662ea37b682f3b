"""`Target`: a stopped program behind a stub, and everything that can be seen of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Collection, Mapping, Sequence

from harness.registers import RegisterTable
from harness.stub import layouts, stops
from harness.stub.errors import MemoryUnreadable, StubRefused, nonsense
from harness.stub.features import Description, read
from harness.stub.packets import escape, unescape
from harness.stub.session import Session, is_error, unhex
from harness.stub.values import Layout, Registers

SECONDS = 10.0  # for one question, whatever number of packets it takes

_PAGE = 4096  # each larger page consists of these
_MOST_MEMORY = 64 << 20
_SIGINFO = 128  # bytes, of Linux everywhere; QEMU 10 refuses to be asked for more
_MOST_THREADS = 1 << 16


class Target:
    """A stopped program. Every method has a deadline, and raises StubBroken when the stub fails (see `errors`)."""

    def __init__(
        self,
        channel: socket.socket,
        table: RegisterTable,
        *,
        seconds: float = SECONDS,
        no_ack: bool = True,
        block: int = 0,
        x87: str = "",
    ) -> None:
        """Shake hands over `channel`, which is closed by us, whatever happens. `seconds` bound one question each.

        `no_ack` saves acknowledgements where the stub offers that; see `harness.stub.wire.Wire` for `block`, and
        `harness.stub.values.Layout` for `x87`.
        """
        self.table = table
        self.seconds = seconds
        deadline = self._deadline()
        self._session = Session(channel, deadline, no_ack=no_ack, block=block)
        self._selected = ""
        self._kept: dict[str, dict[bytes, bytes]] = {}  # replies about registers at this stop, by thread
        self._known: dict[tuple[str, frozenset[str] | None], Registers] = {}  # what they say
        try:
            self._session.ask(b"Hg0", deadline)  # gdbserver 13 without a chosen thread aborts when it is to describe it
            self.description = self._describe(deadline)
            self._layout = Layout(table, self.description, x87)
            self._actions = frozenset(self._session.ask(b"vCont?", deadline).split(b";")[1:])
            self.stop = stops.parse(self._session.ask(b"?", deadline))
        except BaseException:
            self.close()
            raise

    @property
    def features(self) -> Mapping[str, str]:
        """What the stub offers, by name: ``+``, or a value."""
        return self._session.features

    @property
    def is_open(self) -> bool:
        """Whether there still is a connection; there is none after the program's end."""
        return self._session.wire.is_open

    def close(self) -> None:
        """Close the connection. QEMU goes on with the program then, gdbserver ends it or waits for another debugger."""
        self._session.wire.close()

    def registers(self, thread: str = "", names: Collection[str] | None = None) -> Registers:
        """Return the registers of `thread`, by default the one that stopped; all of the table, or `names` only.

        Those that the stub's ``g`` packet lacks cost a round trip together. Nothing is asked for twice at one stop.
        """
        of, wanted = thread or self.stop.thread, None if names is None else frozenset(names)
        if (of, wanted) in self._known:
            return self._known[of, wanted]
        deadline = self._deadline()

        def ask(packets: Sequence[bytes]) -> Sequence[bytes]:
            kept = self._kept.setdefault(of, {})
            unknown = [packet for packet in packets if packet not in kept]
            if unknown:
                self._select(thread, deadline)
                kept.update(zip(unknown, self._session.ask_all(unknown, deadline), strict=True))
            return [kept[packet] for packet in packets]

        def singles(numbers: Sequence[int]) -> Mapping[int, bytes]:
            return dict(zip(numbers, ask([b"p%x" % number for number in numbers]), strict=True))

        (general,) = ask([b"g"])
        found = self._known[of, wanted] = self._layout.read(b"" if is_error(general) else general, singles, wanted)
        return found

    def pc(self, thread: str = "") -> int:
        """Return the program counter of `thread`. Raises StubRefused where the stub does not have it."""
        found = self.registers(thread, (self.table.pc,))
        if self.table.pc not in found.values:
            raise StubRefused(f"no program counter: {found.missing[self.table.pc]}")
        return found.values[self.table.pc]

    def set_pc(self, value: int) -> None:
        """Let the thread that stopped go on at `value`. Raises StubRefused."""
        deadline = self._deadline()
        self._select("", deadline)
        general = self._session.ask(b"g", deadline)
        self._session.need(b"G" + self._layout.changed(general, self.table.pc, value), deadline)
        self._forget()

    def memory(self, address: int, count: int) -> bytes:
        """Return `count` bytes at `address`. Raises MemoryUnreadable, with what precedes the first unreadable byte."""
        if not 0 <= count <= _MOST_MEMORY or not 0 <= address < 1 << 64:
            raise ValueError(f"{count} bytes at {address:#x}")
        deadline = self._deadline()
        binary = self._session.offers("binary-upload")
        most = self._session.packet_bytes - 16 if binary else (self._session.packet_bytes - 16) // 2
        data = bytearray()
        while len(data) < count:
            place = address + len(data)
            size = min(count - len(data), most, _PAGE - place % _PAGE)  # within a page all or nothing can be read
            reply = self._session.ask(b"%c%x,%x" % (b"x" if binary else b"m", place, size), deadline)
            if not reply or is_error(reply):
                raise MemoryUnreadable(place, bytes(data), reply.decode("ascii", "replace"))
            part = _uploaded(reply) if binary else unhex(reply)
            if not 0 < len(part) <= size:
                raise nonsense(f"{len(part)} bytes of memory instead of {size}", reply)
            data += part
        return bytes(data)

    def threads(self) -> tuple[str, ...]:
        """Return the threads, as the protocol names them."""
        deadline = self._deadline()
        found: list[str] = []
        reply = self._session.need(b"qfThreadInfo", deadline)
        while reply != b"l":
            if reply[:1] != b"m" or len(found) > _MOST_THREADS:
                raise nonsense("no list of threads", reply)
            found += (stops.checked(text) for text in reply[1:].decode("ascii", "replace").split(","))
            reply = self._session.need(b"qsThreadInfo", deadline)
        return tuple(found)

    def auxv(self) -> Mapping[int, int]:
        """Return the auxiliary vector (getauxval(3)): values by AT_ number, without the end mark."""
        size = self.table.by_name[self.table.pc].bits // 8
        data = self._session.transfer("auxv", "", self._deadline())
        words = [
            int.from_bytes(data[place : place + size], self.table.byte_order) for place in range(0, len(data), size)
        ]
        return {kind: value for kind, value in zip(words[::2], words[1::2], strict=False) if kind}

    def siginfo(self) -> bytes:
        """Return the siginfo_t of the stop's signal, as the target lays it out. Raises StubRefused without one."""
        if not self._session.offers("qXfer:siginfo:read"):
            raise StubRefused("the stub does not offer qXfer:siginfo:read", why="QEMU does from 9 on")
        return self._session.transfer("siginfo", "", self._deadline(), _SIGINFO)

    def set_siginfo(self, data: bytes, thread: str = "") -> None:
        """Let the signal that is delivered to `thread` next have this siginfo_t. Raises StubRefused."""
        if not self._session.offers("qXfer:siginfo:write"):
            raise StubRefused("the stub does not offer qXfer:siginfo:write")
        self._select(thread, self._deadline())
        self._session.need(b"qXfer:siginfo:write::0:" + escape(data), self._deadline())

    def _forget(self) -> None:
        """Registers have changed, or will."""
        self._kept.clear()
        self._known.clear()

    def _deadline(self) -> float:
        return time.monotonic() + self.seconds

    def _describe(self, deadline: float) -> Description:
        if self._session.offers("qXfer:features:read"):
            return read(lambda name: self._session.transfer("features", name, deadline))
        if self.table.arch not in layouts.BY_ARCH:
            raise StubRefused(f"the stub does not describe its registers, and {self.table.arch} has no fixed layout")
        return layouts.BY_ARCH[self.table.arch]

    def _select(self, thread: str, deadline: float) -> None:
        """Make `thread` the one whose registers are read."""
        wanted = thread or self.stop.thread
        if wanted and wanted != self._selected:
            self._session.need(b"Hg" + stops.checked(wanted).encode(), deadline)
            self._selected = wanted


def _uploaded(reply: bytes) -> bytes:
    """Return the data of a reply to ``x``."""
    if reply[:1] != b"b":
        raise nonsense("no memory", reply)
    return unescape(reply[1:])
