"""counts.py -- Adds up what meson and pytest report, without trusting either alone.

A GoogleTest program writes its XML before it leaves: a leak found at exit, or a crash, fails the program
while every case in the XML passed. So each program's exit result is compared with its cases, and a failed
program without a failed case counts as one failure more.
"""

import dataclasses
import json
import pathlib
import xml.etree.ElementTree as xml


@dataclasses.dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def count_case(case: xml.Element) -> Counts:
    if case.find("failure") is not None or case.find("error") is not None:
        return Counts(failed=1)
    if case.find("skipped") is not None or case.get("status") == "notrun":
        return Counts(skipped=1)
    return Counts(passed=1)


def count_cases(suites: list[xml.Element]) -> Counts:
    return sum((count_case(case) for suite in suites for case in suite.iter("testcase")), Counts())


def count_junit(path: pathlib.Path, exit_code: int) -> Counts:
    """Counts of one pytest run; a run that failed without a failed case (or without a report) is one failure."""
    try:
        counts = count_cases([xml.parse(path).getroot()])
    except (OSError, xml.ParseError):
        return Counts(failed=1)
    no_test_selected = 5
    if exit_code not in (0, no_test_selected) and counts.failed == 0:
        counts += Counts(failed=1)
    return counts


def count_program(result: str, cases: Counts) -> Counts:
    """Counts of one meson test: `result` is meson's word for it, `cases` what its GoogleTest XML holds."""
    if result == "SKIP":
        return cases + Counts(skipped=1)
    if result not in ("OK", "EXPECTEDFAIL"):
        return cases if cases.failed > 0 else cases + Counts(failed=1)
    return cases if cases != Counts() else Counts(passed=1)


def count_meson(logs: pathlib.Path) -> Counts:
    """Counts of the last `meson test`, from testlog.json (programs) and testlog.junit.xml (their cases)."""
    try:
        programs = [json.loads(line) for line in (logs / "testlog.json").read_text().splitlines()]
        suites = list(xml.parse(logs / "testlog.junit.xml").getroot())
    except (OSError, ValueError, xml.ParseError):
        return Counts(failed=1)
    total = Counts()
    for program in programs:
        prefix = f"izar.{program['name']}."
        own = [suite for suite in suites if suite.get("name", "").startswith(prefix)]
        total += count_program(program["result"], count_cases(own))
    return total
