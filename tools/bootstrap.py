"""Make `.venv/` of this tree and install the project into it; does nothing when it is up to date.

Runs with the python3 of a bare machine: standard library only, no other file of the project imported.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "crossabi-stamp"
OLDEST = (3, 11)


def say(text: str) -> None:
    print(f"bootstrap: {text}", file=sys.stderr, flush=True)


def stop(text: str) -> None:
    say(text)
    sys.exit(7)


def wanted() -> str:
    """What the environment was made from; a change makes it anew."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt", "tools/bootstrap.py"):
        digest.update((ROOT / name).read_bytes())
    return f"{digest.hexdigest()} {sys.version} {ROOT}\n"


def make_environment() -> None:
    """Make .venv; Debian's python3 lacks ensurepip until python3-venv is installed."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        packages = ["python3-venv"]
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            stop(f"this Python cannot make a virtual environment; run: sudo apt-get install {packages[0]}")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *packages]):
            say(" ".join(command))
            if subprocess.run(command, env=env, check=False).returncode != 0:
                stop(f"`{' '.join(command)}` failed")
    say(f"making {VENV} with Python {sys.version.split()[0]}")
    if subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False).returncode != 0:
        stop("the virtual environment could not be made; its own words are above")


def main() -> None:
    if sys.version_info < OLDEST:
        stop(f"Python {'.'.join(map(str, OLDEST))} or later is needed, this is {sys.version.split()[0]}")
    if STAMP.exists() and STAMP.read_text() == wanted():
        return
    make_environment()
    say("installing the project and its tools into .venv (from PyPI)")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command = [*pip, "--constraint", str(ROOT / "constraints.txt"), "--editable", f"{ROOT}[dev]"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        stop("pip failed; its own words are above. Is PyPI reachable?")
    # Compiled ahead, so that runs are quick also where PYTHONDONTWRITEBYTECODE is set.
    subprocess.run([str(VENV / "bin" / "python"), "-m", "compileall", "-q", str(ROOT / "harness")], check=False)
    STAMP.write_text(wanted())


if __name__ == "__main__":
    main()
