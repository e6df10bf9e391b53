"""A lab with izar-edge in it: packets cross the overlay, nodes die and come back."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from izar_lab.lab import Lab
from izar_lab.topology import Topology, parse_topology

VIP = "10.99.0.80"
VIP6 = "fd99::80"
WAIT_S = 20.0


def with_echo_services(topology: Topology, underlay: str) -> Topology:
    document = topology.document()
    document["underlay"] = underlay
    document["services"] = [
        {"id": 1, "name": "echo", "vip": VIP, "protocol": "icmp", "egress": ["sin"], "origins": [{"host": "web"}]},
        {"id": 2, "name": "echo6", "vip": VIP6, "protocol": "icmp", "egress": ["sin"], "origins": [{"host": "web"}]},
    ]
    return parse_topology(document, Path())


@pytest.fixture(params=["ipv4", "ipv6"])
def lab(request: pytest.FixtureRequest, topology: Topology, build: Path) -> Iterator[Lab]:
    with Lab(with_echo_services(topology, request.param), build=build) as lab:
        yield lab


def answers(lab: Lab, vip: str) -> bool:
    return lab.run("client", ["ping", "-c", "1", "-W", "1", vip], check=False).returncode == 0


def wait_for_answer(lab: Lab, vip: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not answers(lab, vip):
        assert time.monotonic() < deadline, lab.command("ams", "show links") + lab.command("ams", "show paths")


def test_both_families_cross_either_underlay_over_the_relay(lab: Lab) -> None:
    for vip in (VIP, VIP6):
        wait_for_answer(lab, vip)
    # 10 + 160 ms over par beat the direct 200.
    deadline = time.monotonic() + WAIT_S
    while path_to(lab, "sin") != ["par", "sin"]:
        assert time.monotonic() < deadline, lab.command("ams", "show paths")
        time.sleep(0.05)
    for node in ("ams", "par", "sin"):
        assert lab.show(node, "fwd stats all")["totals"]["accounted"]


def test_a_killed_egress_comes_back(lab: Lab) -> None:
    wait_for_answer(lab, VIP)
    lab.kill("sin", signal.SIGKILL)
    assert lab.process("sin") is None
    assert not answers(lab, VIP)
    lab.restart("sin")
    wait_for_answer(lab, VIP)


def test_wan_packets_are_geneve_and_lan_packets_have_right_checksums(lab: Lab, tmp_path: Path) -> None:
    wait_for_answer(lab, VIP)
    captures = {}
    for member, interface, packets in (("ams", "wan0", 60), ("web", "eth0", 6)):
        file = tmp_path / f"{interface}.pcap"
        argv = ["tcpdump", "-Z", "root", "-U", "-i", interface, "-c", str(packets), "-w", str(file)]
        capture = lab.popen(member, argv, stderr=subprocess.PIPE)
        assert capture.stderr is not None
        while "listening" not in capture.stderr.readline():
            assert capture.poll() is None, "tcpdump ended before it listened"
        captures[file] = capture
    for vip in (VIP, VIP6):
        lab.run("client", ["ping", "-c", "3", "-i", "0.2", vip])
    for capture in captures.values():
        capture.communicate(timeout=WAIT_S)
    wan, lan = captures
    kinds = dissect(wan, "-T", "fields", "-e", "geneve.option.class", "-e", "geneve.option.length").split("\n")
    assert sum(1 for kind in kinds if kind.startswith("0xff1a")) > 20
    checks = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]
    bad = "ip.checksum.status==0 || icmp.checksum.status==0 || icmpv6.checksum.status==0"
    assert dissect(lan, *checks, "-Y", bad) == ""
    assert dissect(lan, "-Y", "icmp || icmpv6") != ""


def dissect(file: Path, *options: str) -> str:
    return subprocess.run(["tshark", "-r", str(file), *options], capture_output=True, text=True, check=True).stdout


def path_to(lab: Lab, destination: str) -> list[str]:
    for row in lab.show("ams", "paths")["paths"]:
        if row["destination"] == destination:
            return row["segments"]
    return []
