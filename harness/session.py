"""One session's work: targets, the store, and the observations that its items share.

An observation is made once for a session, whoever asks first: workers of pytest-xdist exchange them through a
folder, under one lock an observation, so that a diff item and a run item never run anything twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

from harness import files
from harness.build import build
from harness.build.ambient import Ambient, ambient, refuse_foreign_overlay
from harness.build.commands import shown_environment
from harness.build.diagnostics import paths_above
from harness.build.recipe import Recipe, recipe
from harness.build.store import Binary, Built, Refusal, Store
from harness.case import Case, Variant
from harness.errors import CrossabiError
from harness.host.faults import Faults
from harness.observation import Observation, observation_from_json
from harness.process import client
from harness.run import run
from harness.run.execute import NOTHING, environment
from harness.run.sight import Sight
from harness.target import Target


@dataclass(frozen=True)
class Job:
    """One variant of a case on one target: what an observation is of."""

    case: Case
    variant: Variant
    target: Target

    @property
    def name(self) -> tuple[str, str, str]:
        """What tells jobs of a session apart."""
        return self.case.name, self.variant.name, self.target.id

    @property
    def label(self) -> str:
        """The same in words."""
        return f"{self.case.name}{f' [{self.variant.name}]' if self.variant.name else ''} on {self.target.id}"


LONG_SECONDS = 5.0  # of a run, before it is said
Made = tuple[tuple[Observation, ...], bool]


class Session:
    """Builds and runs jobs, each once. `folder` is shared by every worker of the session.

    `sight` is what is looked at while they run, beside the probes of the cases.
    """

    def __init__(
        self, folder: Path, faults: Faults, say: Callable[[str], None] = lambda text: None, sight: Sight = NOTHING
    ) -> None:
        self.folder = folder
        self.sight = sight
        self.faults = faults
        self._say = say
        self._said: SimpleQueue[str | None] = SimpleQueue()
        self._pool: ThreadPoolExecutor | None = None
        self._ahead: dict[tuple[str, str, str], Future[Made]] = {}
        self.store = Store(session=folder)
        self.ambient: Ambient = ambient()
        self._jobs: dict[tuple[str, str, str], Job] = {}
        self._recipes: dict[tuple[str, str, str], Recipe] = {}
        self._built: dict[str, Built] = {}

    def expect(self, jobs: Iterable[Job]) -> None:
        """Announce the jobs of the session, so that programs that share settings are built together.

        Raises UsageError when an overlay in the environment replaces files that are not built.
        """
        self._jobs = {job.name: job for job in jobs}
        folders = {job.case.folder for job in self._jobs.values()}
        for goroot in {job.target.go.goroot for job in self._jobs.values()}:
            refuse_foreign_overlay(self.ambient.overlaid, goroot, folders)

    def work_ahead(self, threads: int) -> None:
        """Begin with all expected jobs, in their order, `threads` side by side; `observe` then finds them done.

        What the threads have to say is said by whoever waits in `observe`, in the caller's own thread.
        """
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="crossabi")
        for name, job in self._jobs.items():
            self._ahead[name] = future = self._pool.submit(self._observe, job)
            future.add_done_callback(lambda _: self._said.put(None))

    def observe(self, job: Job) -> Made:
        """Return the observations of `job`, one a repeat, and whether they are handed out for the first time."""
        future = self._ahead.pop(job.name, None)
        if future is None:
            return self._observe(job)
        while not future.done():
            text = self._said.get()
            if text is not None:
                self._say(text)
        return future.result()

    def close(self) -> None:
        """Give up what was begun ahead and nobody waits for; running programs are killed."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            client.close()
            self._pool.shutdown(wait=True)
            self._pool = None

    def say(self, text: str) -> None:
        """Say `text` to the user, from any thread."""
        if self._pool is None:
            self._say(text)
        else:
            self._said.put(text)

    def _observe(self, job: Job) -> Made:
        path = self.folder / "observations" / f"{_digest(job.name)}.json"
        with files.locked(path.with_suffix(".lock")):
            known = files.read_json(path)
            if known is not None:
                return tuple(observation_from_json(row) for row in known), False
            made = self._with_settings(job, self._make(job))
            files.write_atomic(path, json.dumps([observation.to_json() for observation in made]))
            return made, True

    def _make(self, job: Job) -> tuple[Observation, ...]:
        try:
            built = self._build(job)
        except CrossabiError as error:
            return (_build_observation(job, "broken", message=str(error)),)
        if isinstance(built, Binary):
            with self._telling(f"running {job.label}"):
                return run(job.case, job.variant, job.target, built, self.faults, self.sight)
        if isinstance(built, Refusal):
            observed = _build_observation(job, "build-error", message=f"{len(built.diagnostics)} diagnostic(s)")
            notes = _left_behind(job, built.output)
            return (replace(observed, diagnostics=built.diagnostics, stderr=built.output, notes=notes),)
        return (_build_observation(job, "broken", message=built.cause, stderr=built.output),)

    def _with_settings(self, job: Job, made: tuple[Observation, ...]) -> tuple[Observation, ...]:
        """Return the observations with the build's own environment in theirs; what the run was given stands over it."""
        try:
            built_with = shown_environment(self._recipe(job))
        except CrossabiError:
            return made
        found = []
        for observation in made:
            settings = {**observation.environment.settings, **built_with, **job.variant.run.env}
            found.append(replace(observation, environment=replace(observation.environment, settings=settings)))
        return tuple(found)

    @contextlib.contextmanager
    def _telling(self, text: str) -> Iterator[None]:
        """Say `text` when what is done inside takes long."""
        timer = threading.Timer(LONG_SECONDS, self.say, (f"{text} ({LONG_SECONDS:.0f} s so far)",))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _build(self, job: Job) -> Built:
        wanted = self._recipe(job)
        built = self._built.get(wanted.key) or self.store.get(wanted.key)
        if built is None:
            together = [wanted, *(other for other in self._neighbours(job) if other.group == wanted.group)]
            self._built.update(build(self.store, together, self.say))
            built = self._built[wanted.key]
        return built

    def _neighbours(self, job: Job) -> list[Recipe]:
        found = []
        for other in self._jobs.values():
            if other.target.id == job.target.id and other.case.kind == job.case.kind:
                try:
                    found.append(self._recipe(other))
                except CrossabiError:
                    continue  # it will say so when its own turn comes
        return found

    def _recipe(self, job: Job) -> Recipe:
        if job.name not in self._recipes:
            self._recipes[job.name] = recipe(job.case, job.variant, job.target, self.ambient)
        return self._recipes[job.name]


def _build_observation(job: Job, outcome: str, *, message: str, stderr: str = "") -> Observation:
    return Observation(
        job.case.name,
        job.target.id,
        job.variant.name,
        phase="build",
        outcome=outcome,
        message=message,
        stderr=stderr,
        environment=environment(job.target, job.variant.run),
    )


def _left_behind(job: Job, output: str) -> tuple[str, ...]:
    """Return a note for each file beside the case that its build missed, in its copy of the folder."""
    missed = (path for path in paths_above(output) if (job.case.folder / path).exists())
    return tuple(
        f"{path} is there, but a case is built from a copy of its folder: move it in, or write its full path"
        for path in missed
    )


def _digest(name: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(name).encode()).hexdigest()[:32]
