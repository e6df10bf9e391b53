"""summary_program.py -- perf/summary_suite, whose one run yields the rows of two suites."""

import json
import pathlib
import tempfile

from izar_perf.suite import ROOT, Context, Row

PROGRAM = "perf/summary_suite"


def rows(context: Context, suite: str, keys: tuple[str, ...]) -> list[Row]:
    """The rows it has for `suite`, with None for each key that a row has no value for."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "rows.json"
        command = [context.program(PROGRAM), "--data", str(ROOT / "tests" / "data"), "--json", str(file)]
        command += ["--quick"] if context.quick else ["--runs", str(context.runs)]
        context.capture(command, timeout_s=1800)
        found = json.loads(file.read_text())["rows"]
    return [{key: row.get(key) for key in keys} for row in found if row["suite"] == suite]
