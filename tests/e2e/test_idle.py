"""test_idle.py -- idle: sleep costs an idle node little CPU time, and its packets little delay.

Both are held against a node that spins; `perf/run lab-idle` has the figures.
"""

import os
import re
import statistics
import time
from pathlib import Path

import pytest
import topologies
from izar_lab import Lab
from izar_lab.topology import parse_topology
from observe import wait_for_path, wait_until
from topologies import LOCAL, RELAYED, vip

WATCH_S = 3.0
SPINS = 0.3  # of one core, at least, also where others want it
SLEEPS = SPINS / 2  # at most; 4 to 6 percent are usual
MOST_ADDED_MS = 1.0
PINGS = 50


def cpu_seconds(lab: Lab, node: str) -> float:
    """User and system time of izar-edge so far: fields 14 and 15 of proc(5)'s stat."""
    process = lab.process(node)
    assert process is not None
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_shares(lab: Lab) -> dict[str, float]:
    """Of one core, by node, all watched at once."""
    nodes = [node.name for node in lab.topology.nodes]
    before, begun = {node: cpu_seconds(lab, node) for node in nodes}, time.monotonic()
    time.sleep(WATCH_S)
    return {node: (cpu_seconds(lab, node) - before[node]) / (time.monotonic() - begun) for node in nodes}


def median_ping_ms(lab: Lab) -> float:
    """Through one node: its client's LAN to the same LAN. Far enough apart for the lcore to have fallen asleep."""
    told = lab.run("client", ["ping", "-n", "-c", str(PINGS), "-i", "0.05", vip("ipv4", LOCAL)]).stdout
    times = [float(text) for text in re.findall(r"time=([\d.]+) ms", told)]
    assert len(times) == PINGS
    return statistics.median(times)


def test_an_idle_node_sleeps(start_lab) -> None:
    """With its keep-alives to two peers, every 10 ms each."""
    lab = start_lab(topologies.three_nodes("e2eidle"))
    wait_for_path(lab, RELAYED)
    shares = cpu_shares(lab)
    print(shares)
    assert all(share < SLEEPS for share in shares.values()), shares


def one_node(name: str, idle: str) -> dict:
    everything = topologies.three_nodes(name, edge={"idle": idle})
    return everything | {
        "nodes": [{"name": "ams"}],
        "rtt": {"unit": "ms", "pairs": []},
        "hosts": [host for host in everything["hosts"] if host["node"] == "ams"],
        "services": [service for service in everything["services"] if service["egress"] == ["ams"]],
    }


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="a spinning lcore leaves no CPU for the client")
def test_sleeping_adds_less_than_a_millisecond(build: Path) -> None:
    medians = {}
    for idle in ("spin", "sleep"):
        with Lab(parse_topology(one_node(f"e2e{idle}", idle), Path()), build=build) as lab:
            wait_until(lambda: lab.run("client", ["ping", "-c", "1", "-W", "1", vip("ipv4", LOCAL)], check=False).returncode == 0,
                       "the service answers")
            if idle == "spin":
                assert cpu_shares(lab)["ams"] > SPINS, "the lcore spins indeed"
            medians[idle] = median_ping_ms(lab)
    print(medians)
    assert medians["sleep"] < medians["spin"] + MOST_ADDED_MS, medians
