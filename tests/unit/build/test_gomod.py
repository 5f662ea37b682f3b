from pathlib import Path

from harness.build import gomod


def test_a_relative_replacement_that_leads_out_of_the_case_becomes_absolute() -> None:
    rows = ["a.b/c v1.0.0 => ../../c // why", "a.b/d => ./in", "a.b/e => ..", "a.b/f => g.h/i v1.2.3"]
    text = "\n\t".join(["module x\n\nreplace (", *rows]) + "\n)\n"
    said = gomod.pinned(Path("/w/cases/case"), text)
    assert said == text.replace("../../c", '"/w/c"').replace("=> ..\n", '=> "/w/cases"\n')
    assert gomod.pinned(Path("/elsewhere"), said) == said


def test_the_modules_of_a_go_mod_are_its_own_and_those_that_are_folders() -> None:
    text = "module my.org/x\n\nreplace (\n\ta.b/c v1.0.0 => ../c\n\ta.b/d => ./in\n\ta.b/e => f.g/h v1.2.3\n)\n"
    assert gomod.modules(text) == ["my.org/x", "a.b/c", "a.b/d"]
    assert gomod.modules("") == []


def test_vendored_modules_are_those_of_the_listing() -> None:
    listing = "# a.b/c v1.0.0\n## explicit\na.b/c\na.b/c/d\n# e.f/g v0.0.0 => ../g\ne.f/g\n"
    assert gomod.vendored(listing) == ["a.b/c", "e.f/g"]
