"""A lab leaves nothing behind: after down, after Ctrl-C and SIGTERM, after kill -9 at any moment of its start."""

import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from conftest import LAB_NAME, SOURCE_ROOT
from izar_lab.topology import Topology

IZAR_LAB = str(SOURCE_ROOT / "tools" / "lab" / "izar-lab")


def traces() -> dict[str, list[str]]:
    """Everything that a lab of our name could leave on this machine."""

    def lines(*argv: str) -> list[str]:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()

    namespaces = [line for line in lines("ip", "netns", "list") if f"-{LAB_NAME}-" in line]
    commands = [line for line in lines("ps", "-eo", "args") if f"/{LAB_NAME}/" in line or f"-{LAB_NAME}-" in line]
    links = [line.split(":")[1].split("@")[0].strip() for line in lines("ip", "-o", "link")]
    files = [
        str(path)
        for folder in ("/run/izar-lab", "/run/izar", "/dev/hugepages", "/var/run/dpdk")
        for path in Path(folder).glob(f"*{LAB_NAME}*")
    ]
    return {"namespaces": namespaces, "commands": commands, "links": sorted(links), "files": files}


@pytest.fixture
def file(topology: Topology, tmp_path: Path) -> Path:
    path = tmp_path / "lab.yaml"
    path.write_text(yaml.safe_dump(topology.document()))
    return path


def start_up(file: Path, build: Path, *options: str) -> subprocess.Popen[bytes]:
    # Tests that run in a shell's background have SIGINT ignored, and a program inherits that.
    return subprocess.Popen(
        [IZAR_LAB, "up", str(file), "--build", str(build), *(options or ["--no-edges"])],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def run(*argv: str) -> None:
    subprocess.run([IZAR_LAB, *argv], check=True)


def test_up_and_down(file: Path, build: Path) -> None:
    before = traces()
    assert start_up(file, build).wait() == 0
    during = traces()
    assert len(during["namespaces"]) == 10  # 3 nodes, 3 LANs, 2 hosts, WAN, management
    assert during["links"] == before["links"]
    assert len(during["commands"]) == 1
    sleeper = subprocess.Popen([IZAR_LAB, "exec", "--name", LAB_NAME, "client", "--", "sleep", "1000"])
    run("down", LAB_NAME)
    assert sleeper.wait() == -signal.SIGTERM
    assert traces() == before


def test_a_second_up_is_refused_and_harms_nothing(file: Path, build: Path) -> None:
    before = traces()
    assert start_up(file, build).wait() == 0
    assert start_up(file, build).wait() == 1
    assert len(traces()["commands"]) == 1
    run("down", LAB_NAME)
    assert traces() == before


def test_killed_up_with_running_forwarders_is_cleaned(file: Path, build: Path) -> None:
    before = traces()
    program = start_up(file, build, "--name", LAB_NAME)
    while not any("/dpdk/" in path for path in traces()["files"]):  # izar-edge is in the middle of its start
        assert program.poll() is None, "the lab ended before izar-edge ran"
        time.sleep(0.01)
    program.kill()
    program.wait()
    run("down", LAB_NAME)
    assert traces() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_up_cleans_after_itself(file: Path, build: Path, number: signal.Signals) -> None:
    before = traces()
    program = start_up(file, build)
    wait_for_namespaces(program)
    program.send_signal(number)
    assert program.wait() == 130
    assert traces() == before


@pytest.mark.parametrize("cleaner", ["down", "up"])
@pytest.mark.parametrize("delay_s", [0.0, 0.03, 0.06, 0.1, 0.15])
def test_killed_up_is_cleaned_by_the_next_run(
    file: Path, build: Path, topology: Topology, delay_s: float, cleaner: str
) -> None:
    before = traces()
    program = start_up(file, build)
    wait_for_namespaces(program)
    time.sleep(delay_s)  # not for luck: each value kills at another step of the start
    program.kill()
    program.wait()
    if cleaner == "up":
        assert start_up(file, build).wait() in (0, 1)  # 1: it was killed after it was up
    run("down", LAB_NAME)
    assert traces() == before


def test_a_lab_whose_owner_was_killed_is_cleaned_by_any_down(file: Path, build: Path) -> None:
    before = traces()
    owner = subprocess.Popen(
        ["/usr/bin/python3", "-c", OWNER_PROGRAM, str(SOURCE_ROOT / "tools" / "lab"), str(file), str(build)],
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    owner.kill()
    owner.wait()
    assert traces() != before
    run("down", "anothername")
    assert traces() == before


OWNER_PROGRAM = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from izar_lab import Lab, load_topology
with Lab(load_topology(sys.argv[2]), build=Path(sys.argv[3]), edges=False):
    print("up", flush=True)
    time.sleep(1000)
"""


def wait_for_namespaces(program: subprocess.Popen[bytes]) -> None:
    while not traces()["namespaces"]:
        assert program.poll() is None, "the lab ended before it made anything"
        time.sleep(0.002)
