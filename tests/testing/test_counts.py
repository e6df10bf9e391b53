"""The test runner's arithmetic: a failure is never lost between meson, GoogleTest and pytest."""

import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "testing"))
from counts import Counts, count_junit, count_meson, count_program  # noqa: E402

TWO_PASSED = Counts(passed=2)


@pytest.mark.parametrize(
    "result, cases, expected",
    [
        ("OK", TWO_PASSED, TWO_PASSED),
        ("OK", Counts(), Counts(passed=1)),
        ("FAIL", Counts(passed=1, failed=1), Counts(passed=1, failed=1)),
        ("FAIL", TWO_PASSED, Counts(passed=2, failed=1)),  # a leak found at exit
        ("ERROR", Counts(), Counts(failed=1)),
        ("TIMEOUT", Counts(), Counts(failed=1)),
        ("INTERRUPT", Counts(), Counts(failed=1)),
        ("SKIP", Counts(), Counts(skipped=1)),
    ],
)
def test_a_program_counts_its_cases_and_its_own_end(result, cases, expected):
    assert count_program(result, cases) == expected


def write_meson_logs(folder: pathlib.Path, results: dict[str, str]) -> None:
    lines = [json.dumps({"name": f"izar:unit / {name}", "result": result}) for name, result in results.items()]
    (folder / "testlog.json").write_text("\n".join(lines))
    (folder / "testlog.junit.xml").write_text(
        """<testsuites>
        <testsuite name="izar.izar:unit / flow.FlowTable"><testcase name="a" status="run"/>
          <testcase name="b" status="run"><failure message="x"/></testcase></testsuite>
        <testsuite name="izar.izar:unit / flow.FlowKey"><testcase name="c" status="run"><skipped/></testcase>
          <testcase name="d" status="notrun"/></testsuite>
        <testsuite name="izar.izar:unit / flow_state.Tcp"><testcase name="e" status="run"/></testsuite>
        </testsuites>"""
    )


def test_programs_with_a_common_prefix_are_kept_apart(tmp_path):
    write_meson_logs(tmp_path, {"flow": "FAIL", "flow_state": "FAIL"})
    assert count_meson(tmp_path) == Counts(passed=2, failed=2, skipped=2)


def test_a_run_without_logs_is_a_failure(tmp_path):
    assert count_meson(tmp_path) == Counts(failed=1)
    assert count_junit(tmp_path / "missing.xml", 0) == Counts(failed=1)


def test_pytest_that_dies_after_its_report_is_a_failure(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text("<testsuites><testsuite><testcase name='a'/></testsuite></testsuites>")
    assert count_junit(report, 0) == Counts(passed=1)
    assert count_junit(report, 3) == Counts(passed=1, failed=1)


def test_no_selected_test_is_no_failure(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text("<testsuites><testsuite/></testsuites>")
    assert count_junit(report, 5) == Counts()


def test_the_last_line_reads_as_promised():
    assert str(Counts(3, 2, 1)) == "3 passed, 2 failed, 1 skipped"
