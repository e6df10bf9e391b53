"""test_duplicate.py -- A service with `duplicate: true` loses nothing while links that it uses are cut."""

import time
from typing import Any

import pytest
from izar_lab import Lab
from izar_lab.probe_stream import ProbeStream
from observe import path, wait_for_links, wait_until
from test_degradation import three_relays
from topologies import vip

CUTS = 10
RATE_HZ = 4000
PROBES = 60_000


def twice(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"services": [service | {"duplicate": True} for service in document["services"]]}


@pytest.fixture(scope="module")
def lab(start_lab, start_origin) -> Lab:
    lab = start_lab(twice(three_relays("e2etwice")))
    start_origin(lab, "probe_echo")
    wait_for_links(lab)
    wait_until(lambda: len(path(lab, "sin")) == 2, "a path with a relay")
    return lab


def consumed(lab: Lab, node: str, name: str) -> int:
    return next(row["packets"] for row in lab.show(node, "drops")["drops"] if row["name"] == name)


def test_nothing_is_lost_over_ten_cuts(lab: Lab) -> None:
    with ProbeStream(lab, vip("ipv4"), rate_hz=RATE_HZ) as stream:
        end = time.monotonic() + 1.02 * PROBES / RATE_HZ
        for cut in range(CUTS):
            stream.run_for(0.5)
            relay = path(lab, "sin")[0]
            ends = ("ams", relay) if cut % 2 == 0 else (relay, "sin")
            lab.cut(*ends)
            wait_until(lambda: relay not in path(lab, "sin"), f"{relay} is left")
            stream.run_for(0.5)
            lab.heal(*ends)
            wait_for_links(lab)
        stream.run_for(max(end - time.monotonic(), 0))
    assert stream.report["sent"] >= PROBES
    assert stream.report["lost"] == 0, stream.report["lost_ranges"]
    assert stream.report["duplicated"] == 0
    for node in ("ams", "sin"):
        assert consumed(lab, node, "duplicate") > PROBES / 2
