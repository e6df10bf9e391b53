"""observe.py -- What the nodes say of themselves while a test runs: paths, drops, and whether all is accounted for."""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from izar_lab import Lab

SETTLE_S = 30.0  # the hold-down of a link grows with each flap, up to 20 s
POLL_S = 0.02
DropCounts = dict[str, dict[str, int]]


def wait_until(is_true: Callable[[], Any], what: str, timeout_s: float = SETTLE_S) -> float:
    """Seconds until the condition held; fails the test when it does not hold in time."""
    begun = time.monotonic()
    while not is_true():
        assert time.monotonic() < begun + timeout_s, f"not within {timeout_s} s: {what}"
        time.sleep(POLL_S)
    return time.monotonic() - begun


def hang_up(lab: Lab, program: str, says: str) -> None:
    """SIGHUP, and waits until the program has said so once more."""
    before = lab.log(program).read_text().count(says)
    process = lab.process(program)
    assert process is not None
    os.kill(process.pid, signal.SIGHUP)
    wait_until(lambda: lab.log(program).read_text().count(says) > before, f"{program} says '{says}'")


def running_nodes(lab: Lab) -> list[str]:
    return [node.name for node in lab.topology.nodes if lab.process(node.name)]


def path(lab: Lab, destination: str, source: str = "ams") -> list[str]:
    """Names of the nodes after the source; none while there is no path."""
    for row in lab.show(source, "paths")["paths"]:
        if row["destination"] == destination:
            return row["segments"]
    return []


def wait_for_path(lab: Lab, segments: list[str], source: str = "ams") -> float:
    """Seconds until the path to the last segment is this one."""
    return wait_until(lambda: path(lab, segments[-1], source) == segments, f"path {segments}")


def wait_for_links(lab: Lab) -> None:
    """Until all links between running nodes are up."""
    def all_up() -> bool:
        nodes = running_nodes(lab)
        return all(link["state"] == "up" for node in nodes for link in lab.show(node, "links")["links"] if link["peer"] in nodes)

    wait_until(all_up, "all links up")


def drop_counts(lab: Lab, node: str) -> dict[str, int]:
    return {row["name"]: row["packets"] for row in lab.show(node, "drops")["drops"] if row["kind"] == "dropped"}


class Account:
    """Reads the accounts of all running nodes again and again, from entering to leaving the block.

    Leaving it fails the test if any snapshot did not add up. `dropped` then holds what each node dropped meanwhile.
    Packets for nobody (a host's neighbour search, router solicitations) are left out: they are no client's traffic.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self.snapshots = 0
        self._bad: list[Any] = []
        self.dropped: DropCounts = {}

    def __enter__(self) -> "Account":
        self._nodes = running_nodes(self._lab)
        self._before = {node: drop_counts(self._lab, node) for node in self._nodes}
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for node in self._nodes:
            now = drop_counts(self._lab, node)
            new = {name: now[name] - self._before[node][name] for name in now if name != "not_for_us"}
            self.dropped[node] = {name: count for name, count in new.items() if count}
        if kind is None:
            assert self.snapshots > 0
            assert self._bad == []

    def total(self, name: str) -> int:
        return sum(node.get(name, 0) for node in self.dropped.values())

    def _read(self) -> None:
        while not self._stop.is_set():
            for node in self._nodes:
                document = self._lab.show(node, "fwd stats all")
                self.snapshots += 1
                if not document["totals"]["accounted"]:
                    self._bad.append(document)
            self._stop.wait(POLL_S)


def nothing_dropped(account: Account) -> bool:
    return all(not counts for counts in account.dropped.values())
