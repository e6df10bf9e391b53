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


def run_with(variables: dict[str, str], *argv: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, timeout=20,
                          env=os.environ | variables)


@pytest.mark.asan
@pytest.mark.parametrize("program", ["izar-edge", "izar-controller"])
def test_routing_policy_is_printed_with_its_variables(build: Path, good: Path, tmp_path: Path, program: str) -> None:
    """What is printed is a file that is printed as the same. Whatever is wrong is told by --check, too."""
    policy = tmp_path / "routing-policy.yaml"
    policy.write_text("policies: [{name: fast}, {name: eu, rule: rtt, services: [echo4]}]\n")
    if program == "izar-edge":
        good.write_text(good.read_text() + f"policy: {policy}\n")
        argv = [edge_files.find_program(build, program), "--", "--config", good]
    else:
        config = tmp_path / "scheduling-config.yaml"
        config.write_text("{}\n")
        argv = [edge_files.find_program(build, program), "--config", config, "--policy", policy]
    plain = run_with({}, *argv, "--dump-policy")
    assert plain.returncode == 0, plain.stderr
    assert "  target_cpu_percent: 60\n" in plain.stdout
    warmer = {"IZAR_POLICY_LAST_MILE_TARGET_CPU_PERCENT": "70.5"}
    changed = run_with(warmer, *argv, "--dump-policy")
    assert changed.stdout == plain.stdout.replace("target_cpu_percent: 60", "target_cpu_percent: 70.5")
    policy.write_text(changed.stdout)
    assert run_with({}, *argv, "--dump-policy").stdout == changed.stdout
    assert run_with({}, *argv, "--check").returncode == 0
    slip = run_with({"IZAR_POLICY_LAST_MILE_TARGET_CPU": "70"}, *argv, "--check")
    assert slip.returncode == 1
    assert "did you mean IZAR_POLICY_LAST_MILE_TARGET_CPU_PERCENT?" in slip.stderr


@pytest.mark.asan
def test_variable_of_the_policy_needs_a_file(build: Path, good: Path, tmp_path: Path) -> None:
    config = tmp_path / "scheduling-config.yaml"
    config.write_text("{}\n")
    for argv in ([edge_files.find_program(build, "izar-edge"), "--", "--config", good],
                 [edge_files.find_program(build, "izar-controller"), "--config", config]):
        assert run_with({}, *argv, "--check").returncode == 0
        done = run_with({"IZAR_POLICY_POLICIES": "[{name: a}]"}, *argv, "--check")
        assert done.returncode == 1
        assert "IZAR_POLICY_POLICIES stands in place of a key of routing-policy.yaml, and there is none" in done.stderr


def test_controller_checks_and_prints_all_its_files(build: Path, tmp_path: Path) -> None:
    config, discovery = tmp_path / "scheduling-config.yaml", tmp_path / "node-discovery.yaml"
    config.write_text("{}\n")
    discovery.write_text("nodes: [{name: ams, region: eu, address: 10.0.0.1}]\n")
    argv = [edge_files.find_program(build, "izar-controller"), "--config", config, "--discovery", discovery]
    printed = run_with({"IZAR_DISCOVERY_ADOPT": "7s"}, *argv, "--dump-discovery")
    assert printed.stdout == 'adopt: 7s\nnodes: [{name: "ams", region: "eu", address: "10.0.0.1"}]\ndomains: []\n'
    discovery.write_text("nodse: []\n")
    wrong = run_with({}, *argv, "--check")
    assert wrong.returncode == 1
    assert f"{discovery}:1:1: unknown key 'nodse'" in wrong.stderr
