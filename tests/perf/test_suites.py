"""Every suite runs, small and short, and its JSON has every key that docs promise; figures are not judged here."""

import json
import os
import subprocess

import pytest
from izar_perf.cli import load_suites

SUITES = load_suites()
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces, or a core for each thread")


def run(root, build, *arguments: str) -> subprocess.CompletedProcess:
    command = [str(root / "perf" / "run"), *arguments, "--build", str(build)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@NEEDS_ROOT
@pytest.mark.parametrize("name", SUITES)
def test_quick_run_has_every_key(name: str, root, build, tmp_path):
    file = tmp_path / "result.json"
    result = run(root, build, name, "--quick", "--json", str(file))
    assert result.returncode == 0, result.stderr
    written = json.loads(file.read_text())
    assert set(written) == {"suite", "system", "env", "rows"}
    assert written["suite"] == name and written["system"] == "izar"
    assert {"versions", "cpu", "steal_percent", "hugepages_mib", "seed", "kernel"} <= set(written["env"])
    assert written["rows"]
    for row in written["rows"]:
        assert set(row) == set(SUITES[name].KEYS)
    assert len(result.stdout.splitlines()) >= len(written["rows"]) + 1, "a row is missing in the table for people"


def test_json_on_standard_output_is_only_that(root, build):
    result = run(root, build, "forward", "--quick", "--only", "role=ingress", "--json", "-")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["suite"] == "forward"


def test_without_a_suite_it_lists_them(root, build):
    result = run(root, build)
    assert result.returncode == 0
    assert all(name in result.stdout for name in SUITES)


def test_unknown_suite_is_refused(root, build):
    result = run(root, build, "no-such-suite")
    assert result.returncode != 0 and "forward" in result.stderr


def test_missing_program_is_a_sentence(root, tmp_path):
    result = run(root, tmp_path, "forward", "--quick")
    assert result.returncode == 1
    assert "does not exist" in result.stderr and "Traceback" not in result.stderr
