"""Run a command whose output the user is to see as it comes: package managers, mostly."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from harness.errors import EnvironmentBroken


def run_visible(argv: Sequence[str], env: Mapping[str, str], timeout: float) -> int:
    """Run `argv` with the terminal's own streams and return its exit code.

    Raises EnvironmentBroken when it cannot be started or takes longer than `timeout` seconds.
    """
    try:
        return subprocess.run(list(argv), env=dict(env), timeout=timeout, check=False).returncode
    except OSError as error:
        raise EnvironmentBroken(f"{argv[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise EnvironmentBroken(
            f"`{' '.join(argv)}` did not end within {timeout:.0f} s",
            why="a mirror that does not answer, or another package manager that holds the lock",
            mend="run the line by hand to see where it stops",
        ) from error
