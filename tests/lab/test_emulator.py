"""The emulated WAN as packets see it: kernel stacks on wan0 of the nodes, probes through izar-wan."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from izar_lab import addresses, edge_files
from izar_lab.errors import LabError
from izar_lab.lab import Lab
from izar_lab.topology import Topology


@pytest.fixture
def lab(topology: Topology, build: Path) -> Iterator[Lab]:
    with Lab(topology, build=build, edges=False) as lab:
        for node in topology.nodes:
            use_kernel_on_wan(lab, node.name)
        yield lab


def use_kernel_on_wan(lab: Lab, name: str) -> None:
    """Gives wan0 to the kernel, with fixed neighbours: no ARP takes part in the numbering of packets."""
    node = lab.topology.node(name)
    lab.run(name, ["ip", "address", "add", f"{addresses.wan(node.id, 'ipv4')}/24", "dev", "wan0"])
    for other in lab.topology.nodes:
        neighbour = [addresses.wan(other.id, "ipv4"), "lladdr", addresses.wan_mac(other.id)]
        lab.run(name, ["ip", "neighbour", "add", *neighbour, "dev", "wan0"])


class EchoServer:
    def __init__(self, lab: Lab, node: str) -> None:
        self._probe = str(edge_files.find_program(lab.build, "izar-udp-probe"))
        self._lab = lab
        self._node = node
        self._server = lab.popen(node, [self._probe, "echo"], stdout=subprocess.PIPE)
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == "ready\n"

    def __enter__(self) -> "EchoServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.communicate()

    def start_probes(self, source: str, *options: str) -> subprocess.Popen[str]:
        target = addresses.wan(self._lab.topology.node(self._node).id, "ipv4")
        return self._lab.popen(source, [self._probe, "send", target, *options], stdout=subprocess.PIPE)

    def probe(self, source: str, *options: str) -> dict:
        return json.loads(self.start_probes(source, *options).communicate()[0])


def test_delay_is_half_the_rtt_each_way(lab: Lab) -> None:
    with EchoServer(lab, "sin") as server:
        report = server.probe("ams", "--duration", "2", "--rate", "200")
    assert report["lost"] == 0
    # The median: single packets may be late on a busy machine, half of them are not.
    assert 100.0 - 0.2 <= report["one_way_ms"]["p50"] < 102.0
    assert 200.0 - 0.2 <= report["rtt_ms"]["p50"] < 204.0


def test_losses_of_a_run_come_from_the_seed(topology: Topology, build: Path) -> None:
    def lost_ranges(seed: int) -> list:
        topology.seed = seed
        with Lab(topology, build=build, edges=False) as lab:
            for name in ("ams", "par"):
                use_kernel_on_wan(lab, name)
            lab.set_link("ams", "par", loss="5%")
            with EchoServer(lab, "par") as server:
                report = server.probe("ams", "--duration", "1")
        return report["lost_ranges"]

    first = lost_ranges(3)
    assert 20 < len(first) < 200
    assert lost_ranges(3) == first
    assert lost_ranges(4) != first


def test_cut_and_heal_of_one_direction(lab: Lab) -> None:
    with EchoServer(lab, "par") as server:
        lab.cut("ams", "par", one_way=True)
        assert server.probe("ams", "--duration", "0.2")["received"] == 0
        counters = {(link["source"], link["destination"]): link for link in lab.wan.show()["links"]}
        assert counters["ams", "par"]["down_packets"] == 200
        assert counters["par", "ams"]["entered_packets"] == 0
        lab.heal("ams", "par", one_way=True)
        assert server.probe("ams", "--duration", "0.2")["lost"] == 0


def test_a_lost_reply_is_told_from_a_lost_probe(lab: Lab) -> None:
    lab.set_link("par", "ams", one_way=True, loss="20%")
    with EchoServer(lab, "par") as server:
        report = server.probe("ams", "--duration", "1")
    assert 100 < report["lost"] < 300
    assert report["lost_out_ranges"] == []
    assert report["lost_back_ranges"] == report["lost_ranges"]


def test_a_cut_leaves_packets_in_flight_alone(lab: Lab) -> None:
    with EchoServer(lab, "sin") as server:
        probes = server.start_probes("ams", "--duration", "0.05")  # all sent within 50 ms, delay 100 ms
        while link_counters(lab, "ams", "sin")["entered_packets"] < 50:
            time.sleep(0.005)
        lab.cut("ams", "sin", one_way=True)
        assert json.loads(probes.communicate()[0])["lost"] == 0


def test_delay_changes_while_packets_are_in_flight(lab: Lab) -> None:
    with EchoServer(lab, "sin") as server:
        probes = server.start_probes("ams", "--duration", "1")
        while link_counters(lab, "ams", "sin")["entered_packets"] < 300:
            time.sleep(0.005)
        lab.set_link("ams", "sin", delay="10ms")
        report = json.loads(probes.communicate()[0])
    assert report["lost"] == 0
    assert report["reordered"] == 0
    assert report["rtt_ms"]["min"] < 30
    assert report["rtt_ms"]["max"] > 199


def test_rate_limits_throughput(lab: Lab) -> None:
    lab.set_link("ams", "par", rate="10mbit", queue="20ms")
    with EchoServer(lab, "par") as server:
        # 2,000 packets a second of 1,014 bytes are 16.2 Mbit/s: 10 of them pass.
        report = server.probe("ams", "--duration", "2", "--rate", "2000", "--size", "972")
    share = report["received"] / report["sent"]
    assert 0.58 < share < 0.67


def test_trace_sees_the_packets(lab: Lab, tmp_path: Path) -> None:
    capture = lab.popen(
        "ams",
        ["tcpdump", "-Z", "root", "-U", "-i", "wan0", "-c", "4", "-w", str(tmp_path / "x.pcap")],
        stderr=subprocess.PIPE,
    )
    assert capture.stderr is not None
    while "listening" not in capture.stderr.readline():
        assert capture.poll() is None, "tcpdump ended before it listened"
    lab.run("ams", ["ping", "-c", "2", "-i", "0.2", addresses.wan(2, "ipv4")])
    capture.communicate(timeout=10)
    assert (tmp_path / "x.pcap").stat().st_size > 4 * 98


def test_unknown_names_are_refused(lab: Lab) -> None:
    with pytest.raises(LabError, match="nowhere"):
        lab.cut("ams", "nowhere")
    with pytest.raises(LabError, match="nobody"):
        lab.run("nobody", ["true"])


def link_counters(lab: Lab, source: str, destination: str) -> dict:
    for link in lab.wan.show()["links"]:
        if (link["source"], link["destination"]) == (source, destination):
            return link
    raise KeyError((source, destination))
