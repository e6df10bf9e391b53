"""Every library file has its unit test beside it, or a line that says where it is proved."""

import pathlib
import re

from sources import FILES, LIBRARY, code_only, report, text

ELSEWHERE = pathlib.Path("tests/style/covered_elsewhere.txt")


def covered_elsewhere() -> dict[str, str]:
    """File stem -> the test that proves it, from covered_elsewhere.txt."""
    entries = [line.split() for line in text(ELSEWHERE).splitlines() if line.strip() and not line.startswith("#")]
    return {stem: proof for stem, proof in entries}


def stems_with_behaviour() -> set[str]:
    """Files that do something: a .cc, or a header that defines a class."""
    sources = [path for path in LIBRARY if not path.stem.endswith("_test") and "testing" not in path.parts]
    return {
        str(path.with_suffix(""))
        for path in sources
        if path.suffix == ".cc" or re.search(r"^class \w+[^;]*{", code_only(text(path)), re.MULTILINE)
    }


def test_every_file_has_a_test():
    names = {str(path) for path in FILES}
    listed = covered_elsewhere()
    wrong = [
        f"{stem}: no {stem}_test.cc, and no line in {ELSEWHERE}"
        for stem in sorted(stems_with_behaviour())
        if f"{stem}_test.cc" not in names and stem not in listed
    ]
    assert not wrong, report(wrong)


def test_the_list_is_true():
    names = {str(path) for path in FILES}
    wrong = []
    for stem, proof in covered_elsewhere().items():
        if stem not in stems_with_behaviour():
            wrong.append(f"{ELSEWHERE}: {stem} does not exist or does nothing; drop its line")
        elif proof not in names:
            wrong.append(f"{ELSEWHERE}: {proof}, the proof of {stem}, does not exist")
        elif f"{stem}_test.cc" in names:
            wrong.append(f"{ELSEWHERE}: {stem} has its own test; drop its line")
    assert not wrong, report(wrong)
