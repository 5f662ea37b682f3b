import gc
import shutil
import subprocess
import warnings
from pathlib import Path

from harness.elf import places
from harness.elf.lines import _Lines, line_at


def test_the_files_of_many_programs_are_closed_when_they_are_forgotten(tmp_path: Path) -> None:
    one = tmp_path / "prog"
    argv = ["gcc", "-g", "-no-pie", "-x", "c", "-", "-o", one]
    subprocess.run(argv, input=b"\nint main() { return 0; }\n", check=True)
    (main,) = places.load(one).find("main").addresses
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(_Lines.of.cache_parameters()["maxsize"] + 3):
            path = tmp_path / str(number)
            shutil.copy(one, path)
            assert line_at(path, main) == ("<stdin>", 2)
        gc.collect()  # pytest makes an error of a file that nobody closed
