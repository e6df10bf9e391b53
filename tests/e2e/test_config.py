"""test_config.py -- A wrong edge.yaml is told with its file, line and column, and nothing starts."""

import os
import subprocess
from pathlib import Path

import pytest
from izar_lab import edge_files
from izar_lab.topology import parse_topology

import topologies

CASES = {
    "unknown key": ("address: ", "adress: ", "'adress'"),
    "no port": ("ports: 80", "ports: 80-", "'80-'"),
    "no address": ("10.99.0.80", "10.99.0.800", "10.99.0.800"),
    "unknown node": ("[sin]", "[nowhere]", "nowhere"),
    "secrets unsaid": ("secrets: {file: /run/izar/secrets}\n", "", "secrets"),
    "unknown mode": ("security: aes-gcm", "security: aes", "aes-gcm"),
    "no YAML": ("overlay: {", "overlay: {{", ""),
}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    topology = parse_topology(topologies.three_nodes("e2econfig"), tmp_path)
    document = edge_files.edge_config(topology, topology.node("ams"), tmp_path / "edge.sock", Path("/run/izar/secrets"))
    file = tmp_path / "edge.yaml"
    file.write_text(edge_files.to_yaml(document))
    return file


def check(build: Path, file: Path) -> subprocess.CompletedProcess[str]:
    argv = [str(edge_files.find_program(build, "izar-edge")), "--", "--config", str(file), "--check"]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.asan
def test_good_config_passes(build: Path, good: Path) -> None:
    done = check(build, good)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.asan
@pytest.mark.parametrize("case", CASES)
def test_mistake_is_told_with_its_place(build: Path, good: Path, case: str) -> None:
    right, wrong, named = CASES[case]
    text = good.read_text()
    at = text.index(right)
    good.write_text(text.replace(right, wrong, 1))
    done = check(build, good)
    assert done.returncode == 1
    first = done.stderr.splitlines()[0]
    file, line, column, words = first.removeprefix("izar-edge: ").split(":", 3)
    assert file == str(good)
    assert named in words
    if wrong:
        assert int(line) == text[:at].count("\n") + 1, first
        assert int(column) >= 1


def test_missing_file_is_told(build: Path, tmp_path: Path) -> None:
    done = check(build, tmp_path / "none.yaml")
    assert done.returncode == 1
    assert "none.yaml" in done.stderr


@pytest.mark.asan
def test_a_variable_stands_in_place_of_its_key(build: Path, good: Path) -> None:
    argv = [str(edge_files.find_program(build, "izar-edge")), "--", "--config", str(good), "--dump-config"]

    def dump(lcores: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"IZAR_EDGE_LCORES": lcores}
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20, env=environment)

    done = dump("3")
    assert done.returncode == 0, done.stderr
    assert "\nlcores: 3\n" in done.stdout
    wrong = dump("17")
    assert wrong.returncode == 1
    assert "environment: IZAR_EDGE_LCORES: '17'" in wrong.stderr
