"""`pytest --watch-by`: QEMU's log and stops see the same crossings; each says what it cannot do."""

import pytest

from ..support import Project
from ..watch.test_command import BACK

CALLS = ("cgocallback", "crosscall2")  # how often the runtime calls C for its threads is its scheduler's affair


@pytest.fixture
def back(project: Project) -> Project:
    project.case("g/back", sources=BACK, expect={"stdout": "3 4 5\n"})
    return project


def test_log_and_stops_see_the_same_crossings(back: Project) -> None:
    seen = {}
    for by in ("log", "stops"):
        ran = back.pytest("--arch=arm64", "--watch-crossings", f"--watch-by={by}")
        (seen[by],) = ran.observations
        assert (ran.code, seen[by]["unwatched"], seen[by]["alarms"]) == (0, "", [])
    counts = [{name: row["crossings"][name] for name in CALLS} for row in seen.values()]
    assert counts[0] == counts[1] == dict.fromkeys(CALLS, 3)
    assert min(row["crossings"]["asmcgocall"] for row in seen.values()) >= 3
    assert seen["log"]["environment"]["changed"] == {}
    assert seen["stops"]["environment"]["changed"] == {"GODEBUG": "asyncpreemptoff=1"}


def test_a_native_program_has_no_log_and_is_stopped_by_itself(back: Project) -> None:
    (seen,) = back.pytest("--arch=amd64", "--watch-crossings", "--watch-by=log").observations
    assert (seen["unwatched"], seen["crossings"]) == ("it runs natively, without QEMU's log", {})
    (seen,) = back.pytest("--arch=amd64", "--watch-crossings").observations
    assert (seen["unwatched"], seen["crossings"]["crosscall2"]) == ("", 3)


def test_a_program_that_may_open_libraries_is_logged_with_a_note_and_followed_where_asked(project: Project) -> None:
    main = BACK["main.go"].replace('// #include "back.h"', '// #include "back.h"\n// #cgo LDFLAGS: -ldl')
    call = BACK["back.c"].replace("return", 'if (!dlopen("libm.so.6", RTLD_NOW)) return 0; return')
    sources = {**BACK, "main.go": main, "back.c": f"#include <dlfcn.h>\n{call}"}
    project.case("g/opens", sources=sources, expect={"stdout": "3 4 5\n"})
    (seen,) = project.pytest("--arch=arm64", "--watch-crossings").observations
    assert (seen["alarms"], seen["crossings"]["crosscall2"]) == ([], 3)
    assert ["--watch-by=stops follows them" in note for note in seen["notes"]] == [True]
    (seen,) = project.pytest("--arch=arm64", "--watch-crossings", "--watch-by=stops").observations
    assert (seen["alarms"], seen["crossings"]["crosscall2"], seen["notes"]) == ([], 3, [])


def test_what_is_no_source_ends_with_4(back: Project) -> None:
    ran = back.pytest("--arch=arm64", "--watch-crossings", "--watch-by=luck")
    assert (ran.code, "invalid choice: 'luck'" in ran.text) == (4, True)
