"""Take out of an output what differs between any two runs, row by named row, and count what each row did.

A row rewrites only what the observation itself shows to be accidental (its own pid, its own folders, addresses
that its symbol table knows), so that a value which merely looks like one is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness import patterns
from harness.case import Rewrite
from harness.observation import Observation

Replace = str | Callable[[re.Match[str]], str]


@dataclass(frozen=True)
class Rule:
    """One named row: what to look for in the output of an observation (None: nothing), and what to put there."""

    name: str
    about: str
    pattern: Callable[[Observation], str | None]
    replacement: Callable[[Observation], Replace]


def _literal(text: str) -> str | None:
    return re.escape(text) if text else None


def _symbol(observation: Observation) -> Replace:
    return lambda match: f"<{observation.symbols[match[0]]}>"


RULES: Sequence[Rule] = (
    Rule("workdir", "the run's private folder", lambda o: _literal(o.workdir), lambda o: "<workdir>"),
    Rule(
        "program-folder",
        "the store's folder of the program",
        lambda o: rf"/[^\s:]*/store/[0-9a-f]{{2}}/{o.binary}/\d+" if o.binary else None,
        lambda o: "<bin>",
    ),
    Rule(
        "temp-path",
        "temporary folders of go, gcc and the harness",
        lambda o: r"/tmp/(?:go-build|go-link-|cc|crossabi-run-)\w+",
        lambda o: "<tmp>",
    ),
    Rule("goroutine", "goroutine numbers", lambda o: r"\bgoroutine \d+\b", lambda o: "goroutine <n>"),
    Rule(
        "go-version",
        "the release that built the program",
        lambda o: rf"\b{re.escape(o.environment.go)}\b(?!\.)" if o.environment.go else None,
        lambda o: "<go>",
    ),
    Rule(
        "pid",
        "the program's own process id, where the text calls it one",
        lambda o: rf"(?i:\b(pid[ =:]+)){o.pid}\b" if o.pid else None,
        lambda o: r"\1<pid>",
    ),
    Rule(
        "symbol",
        "addresses that the program's symbol table knows",
        lambda o: "|".join(rf"\b{re.escape(text)}\b" for text in o.symbols) or None,
        _symbol,
    ),
    Rule(
        "address",
        "other addresses: 9 to 12 hex digits from the first that is not 0, more than 32 bits and no more than 48",
        lambda o: r"\b0x[1-9a-f][0-9a-f]{8,11}\b",
        lambda o: "<address>",
    ),
)


@dataclass
class Normaliser:
    """Applies the table and a case's own rows; `raw` applies nothing. `counts` says how often each row did."""

    rewrites: tuple[Rewrite, ...] = ()
    raw: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def apply(self, text: str, observation: Observation) -> str:
        """Return `text`, which is part of `observation`, without its accidents. Raises PatternUnusable."""
        if self.raw or not text:
            return text
        for rule in RULES:
            pattern = rule.pattern(observation)
            if pattern is not None:
                text, count = re.subn(pattern, rule.replacement(observation), text, flags=re.MULTILINE)
                self.counts[rule.name] += count
        for number, rewrite in enumerate(self.rewrites, 1):
            text, count = patterns.substitute(rewrite.match, rewrite.replacement, text)
            self.counts[f"case row {number}"] += count
        return text

    def counted(self) -> Mapping[str, int]:
        """Return the counts as plain data."""
        return {name: count for name, count in self.counts.items() if count}
