from harness.report.notes import SHOWN, Notes


def observed(case: str, target: str, *notes: str, variant: str = "") -> dict[str, object]:
    return {"case": case, "target": target, "variant": variant, "notes": list(notes)}


def test_a_note_is_said_once_with_every_target_that_had_it() -> None:
    notes = Notes()
    for row in (observed("g/b", "arm64", "x"), observed("g/b", "amd64", "x", "y"), observed("g/b", "arm64", "x")):
        notes.add(row)
    notes.add(observed("g/a", "amd64", "x", variant="v"))
    assert notes.lines() == ["  g/a [v] on amd64: x", "  g/b on arm64, amd64: x", "  g/b on amd64: y"]


def test_nothing_is_said_where_there_is_nothing() -> None:
    notes = Notes()
    notes.add(observed("g/a", "amd64"))
    assert notes.lines() == []


def test_many_notes_are_cut_short_with_their_number() -> None:
    notes = Notes()
    for number in range(SHOWN + 2):
        notes.add(observed(f"g/{number:02}", "amd64", "x"))
    assert len(notes.lines()) == SHOWN + 1
    assert notes.lines()[-1] == "  and 2 more (--records=FILE has them all)"
