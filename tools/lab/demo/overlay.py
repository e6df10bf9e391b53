"""Questions to the overlay of the demo: the path in use, link round trips, and whether every packet is accounted for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from izar_lab import LabError
from izar_lab.lab import Lab

INGRESS = "frankfurt"
EGRESS = "singapore"
POLL_S = 0.01

# A link that flapped on a busy machine is held down for up to 20 s before flows may return to it.
SETTLE_S = 30.0


def path_row(lab: Lab, destination: str = EGRESS) -> dict[str, Any]:
    for row in lab.show(INGRESS, "paths")["paths"]:
        if row["destination"] == destination:
            return row
    return {"segments": [], "why": None, "predicted_rtt_ms": None, "measured_rtt_ms": None}


def path(lab: Lab) -> list[str]:
    """Node names from ingress to egress; just the ingress while there is no path."""
    return [INGRESS, *path_row(lab)["segments"]]


def link_rtt_ms(lab: Lab, source: str, peer: str) -> float | None:
    for row in lab.show(source, "links")["links"]:
        if row["peer"] == peer:
            return row["rtt_ms"]
    raise LabError(f"{source} has no link to {peer}")


def wait_for_path(lab: Lab, is_reached: Callable[[list[str]], bool], timeout_s: float) -> float | None:
    """Milliseconds until the path is as wanted, None if it is not by then."""
    begun = time.monotonic()
    while time.monotonic() < begun + timeout_s:
        if is_reached(path(lab)):
            return (time.monotonic() - begun) * 1000
        time.sleep(POLL_S)
    return None


def all_links_up(lab: Lab) -> bool:
    return all(
        link["state"] == "up"
        for node in lab.topology.nodes
        if lab.process(node.name)
        for link in lab.show(node.name, "links")["links"]
        if lab.process(link["peer"])
    )


def wait_until_settled(lab: Lab, expected: list[str] | None, timeout_s: float = SETTLE_S) -> None:
    """Every link between running nodes is up, and the path is the expected one (None: any)."""
    deadline = time.monotonic() + timeout_s
    while not (all_links_up(lab) and (path(lab) == expected if expected else len(path(lab)) > 1)):
        if time.monotonic() > deadline:
            raise LabError(f"the overlay did not settle within {timeout_s:.0f} s, wanted {expected}: {describe(lab)}")
        time.sleep(0.1)


def describe(lab: Lab) -> str:
    """The path in use and every link that is not up or has changed, in one line."""
    row = path_row(lab)
    changed = [
        f"{node.name}-{link['peer']} {link['state']} ({link['changes']} changes, {link['why']}, {link['rtt_ms']} ms)"
        for node in lab.topology.nodes
        if lab.process(node.name)
        for link in lab.show(node.name, "links")["links"]
        if link["state"] != "up" or link["changes"] > 0
    ]
    return f"path {row['segments']}, {row['predicted_rtt_ms']} ms, {row['why']}; {'; '.join(changed) or 'no link changed'}"


def is_accounted(lab: Lab) -> bool:
    """rx + made = tx + dropped + consumed + held, at every node that runs."""
    return all(
        lab.show(node.name, "fwd stats all")["totals"]["accounted"]
        for node in lab.topology.nodes
        if lab.process(node.name)
    )
