"""test_degradation.py -- Links get worse without dying, under a stream of clients' packets, and are left.

How soon is proved on a virtual clock (tests/pipeline/degradation_test.cc: within a second). Here it is printed: a busy machine
takes its time.
"""

import json
import math
from pathlib import Path
from typing import Any

import clients
import pytest
import topologies
from izar_lab import Lab
from izar_lab.probe_stream import ProbeStream
from observe import path, wait_for_links, wait_until
from servers import Origin
from topologies import url, vip

RELAYS = ["fra", "par", "lon"]
WELL_BELOW_MS = 50  # what the second best path must cost before a test, so that 2 % loss (20 ms) or 20 ms more are left


def three_relays(name: str) -> dict[str, Any]:
    """Three ways of 40, 42 and 44 ms from ams to sin; the direct one takes 100."""
    legs = [[end, relay, 20 + extra] for extra, relay in enumerate(RELAYS) for end in ("ams", "sin")]
    return topologies.three_nodes(name) | {
        "edge": {},
        "nodes": [{"name": node} for node in ("ams", *RELAYS, "sin")],
        "rtt": {"unit": "ms", "pairs": [*legs, ["ams", "sin", 100], ["fra", "par", 60], ["fra", "lon", 60], ["par", "lon", 60]]},
    }


@pytest.fixture
def lab(start_fresh_lab) -> Lab:
    """A lab with a path over a relay in use and a second one that is nearly as good."""
    lab = start_fresh_lab(three_relays("e2eworse"))
    wait_for_links(lab)
    wait_until(lambda: len(path(lab, "sin")) == 2 and second_best_ms(lab) < WELL_BELOW_MS, "two good paths")
    return lab


@pytest.fixture
def origin(lab: Lab, start_fresh_origin) -> Origin:
    return start_fresh_origin(lab, "nginx", "probe_echo", file_bytes=5_000_000)


def second_best_ms(lab: Lab) -> float:
    candidates = json.loads(lab.command("ams", "explain path ams sin json"))["candidates"]
    return min((row["cost_ms"] for row in candidates if not row["in_use"] and row["cost_ms"] is not None), default=math.inf)


def seconds_until_left(lab: Lab, relay: str) -> float:
    return wait_until(lambda: path(lab, "sin") and relay not in path(lab, "sin"), f"{relay} is left")


def link_row(lab: Lab, node: str, peer: str) -> dict[str, Any]:
    return next(row for row in lab.show(node, "links")["links"] if row["peer"] == peer)


@pytest.mark.parametrize(
    ("hop", "one_way", "settings"),
    [
        pytest.param("first", False, {"loss": "2%"}, id="2 % loss"),
        pytest.param("last", True, {"loss": "2%"}, id="2 % loss, one direction of a link that the ingress does not have"),
        pytest.param("first", False, {"delay_ms": 20}, id="doubled RTT"),
        pytest.param("first", True, {"drop_every": 50}, id="every 50th packet"),
        pytest.param("last", True, {"mtu": 1300}, id="only large packets"),
    ],
)
def test_a_link_that_gets_worse_is_left(lab: Lab, origin: Origin, hop: str, one_way: bool, settings: dict[str, Any]) -> None:
    relay = path(lab, "sin")[0]
    ends = ("ams", relay) if hop == "first" else (relay, "sin")
    with ProbeStream(lab, vip("ipv4")) as stream:
        stream.wait_for_replies(20)
        lab.set_link(*ends, one_way=one_way, **settings)
        took_s = seconds_until_left(lab, relay)
    print(f"{relay} was left after {took_s:.2f} s")
    assert link_row(lab, *ends)["state"] == "up", "left, not taken for dead"


def test_where_every_way_shrinks_the_size_of_packets_is_learned(lab: Lab, origin: Origin, tmp_path: Path) -> None:
    for peer in (*RELAYS, "sin"):
        lab.set_link("ams", peer, mtu=1400)
    wait_until(lambda: all(link_row(lab, "ams", peer)["mtu_bytes"] == 1400 for peer in (*RELAYS, "sin")), "MTU of 1,400")
    assert "carries packets up to 1400 bytes" in lab.log("ams").read_text()
    copy = tmp_path / "copy"
    clients.curl(lab, "-o", str(copy), url("ipv4", "file.bin"))
    assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "file.bin")
