"""test_masters.py -- A group's master that is cut off and runs on: the next one leads soon, and nodes obey one of the two.

What nodes obey, they say themselves: each agent is asked over its own socket, which no cut closes.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import topologies
from detour import Detour
from izar_lab import Lab
from izar_lab.control_plane import PORT, ControlPlane
from observe import POLL_S, hang_up, wait_until

NODES = ("ams", "fra", "sin")
LEASE_S = 6.0
TAKEN_OVER_S = 2 * LEASE_S
ROUND_S = 10.0  # between two assignments of probes
A_ROUND_SOON_S = 3 * ROUND_S


@pytest.fixture(scope="module")
def lab(start_lab: Callable[[dict[str, Any]], Lab]) -> Lab:
    # Every node answers STAMP probes, so that every round has something for every member.
    document = topologies.three_nodes("e2emaster", edge={"stamp": {"nodes": True}})
    return start_lab(document | {"controllers": 1, "services": []})


def group_of(plane: ControlPlane) -> dict[str, Any]:
    """The only one."""
    rows = plane.listed("groups")
    assert len(rows) == 1 and rows[0]["members"] == len(NODES)
    return rows[0]


def settled(plane: ControlPlane) -> dict[str, Any]:
    """The group, with a master whose probes all members obeyed and whose shares are in force."""
    wait_until(lambda: is_obeyed_by_all(plane), "one master is obeyed by all", A_ROUND_SOON_S)
    return group_of(plane)


def is_obeyed_by_all(plane: ControlPlane) -> bool:
    group = group_of(plane)
    epochs = {plane.ask_agent(node, "status")["obeyed_epoch"] for node in NODES}
    return group["master"] is not None and epochs == {group["epoch"]} and group["shares_epoch"] == group["epoch"]


def follows(plane: ControlPlane, former: dict[str, Any]) -> bool:
    return group_of(plane)["master"] not in (None, former["master"])


def refusals(plane: ControlPlane, epoch: int) -> list[str]:
    """What the controller told of assignments of an epoch that it refused."""
    return [row["text"] for row in plane.listed("events") if row["kind"] == "group" and f"with epoch {epoch} is refused" in row["text"]]


class Watch:
    """Asks all agents again and again, from entering to leaving the block. Leaving it fails the test if a node obeyed an epoch
    below one that it had obeyed, or if two were masters at once."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._bad: list[str] = []
        self._error: Exception | None = None
        self.obeyed: dict[str, list[int]] = {node: [] for node in NODES}  # each node's epochs, in the order it obeyed them

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if kind is None:
            assert self._error is None, self._error
            self._look()
            assert self._bad == []
            assert all(epochs == sorted(epochs) for epochs in self.obeyed.values()), self.obeyed

    def _run(self) -> None:
        try:
            while not self._stop.wait(POLL_S):
                self._look()
        except Exception as error:  # told where the block ends
            self._error = error

    def _look(self) -> None:
        told = {node: self._plane.ask_agent(node, "status") for node in NODES}
        for node, status in told.items():
            if self.obeyed[node][-1:] != [status["obeyed_epoch"]]:
                self.obeyed[node].append(status["obeyed_epoch"])
        masters = [node for node, status in told.items() if status["is_master"]]
        # They were asked one after the other: the first has to be one still after the last was.
        if len(masters) > 1 and self._plane.ask_agent(masters[0], "status")["is_master"]:
            self._bad.append(f"masters at once: {masters}")


@pytest.mark.parametrize(
    "open_way",
    [pytest.param({}, id="both_ways"),
     pytest.param({"hears": True}, id="not_heard", marks=pytest.mark.long),
     pytest.param({"is_heard": True}, id="not_hearing", marks=pytest.mark.long)],
)
def test_a_master_that_is_cut_off_is_followed_by_another(lab: Lab, plane: ControlPlane, open_way: dict[str, bool]) -> None:
    former = settled(plane)
    cut_off = former["master"]
    agent = lab.process(f"agent-{cut_off}")
    with Watch(plane) as watch:
        plane.cut_agent(cut_off, **open_way)
        try:
            took_s = wait_until(lambda: follows(plane, former), "another one leads", TAKEN_OVER_S)
            print(f"another one leads {took_s:.1f} s after the cut ({open_way or 'both ways'})")
            following = group_of(plane)
            assert following["epoch"] > former["epoch"]
            assert not plane.ask_agent(cut_off, "status")["is_master"], "by its own clock it was over before"
            others = [node for node in NODES if node != cut_off]
            wait_until(lambda: all(plane.ask_agent(node, "status")["obeyed_epoch"] == following["epoch"] for node in others),
                       "those that hear the new one obey it", A_ROUND_SOON_S)
            assert plane.ask_agent(cut_off, "status")["obeyed_epoch"] == former["epoch"], "it heard of no other"
        finally:
            plane.heal_agent(cut_off)
        healed = settled(plane)
    assert (healed["master"], healed["epoch"]) == (following["master"], following["epoch"]), "the cut's end changes no master"
    assert watch.obeyed[cut_off] == [former["epoch"], following["epoch"]]
    assert lab.process(f"agent-{cut_off}") == agent, "its program ran on"


def test_what_a_former_master_said_in_its_time_is_refused_when_it_arrives_late(lab: Lab, plane: ControlPlane) -> None:
    """It hears the controller, and goes on assigning to the end of its lease; all of that arrives when another one leads."""
    former = settled(plane)
    late = former["master"]
    controller = f"{plane.addresses()[0]}:{PORT}"
    with Detour(lab, late, plane.addresses()[0]) as detour, Watch(plane) as watch:
        plane.list_controllers(late, [detour.address])
        hang_up(lab, f"agent-{late}", "is taken up")
        try:
            former = settled(plane)
            assert former["master"] == late and not refusals(plane, former["epoch"])
            wait_for_a_round(plane, late)
            time.sleep(ROUND_S - 1.5)  # so that its next round falls into what is held up
            detour.hold()
            held = plane.ask_agent(late, "status")
            took_s = wait_until(lambda: follows(plane, former), "another one leads", TAKEN_OVER_S)
            following = group_of(plane)
            told = plane.ask_agent(late, "status")
            assert told["rounds_assigned"] > held["rounds_assigned"] and told["shares_set"] > held["shares_set"], \
                "it assigned nothing while it believed in its lease: the test proves nothing"
            assert not told["is_master"]
            detour.let_pass()
            wait_until(lambda: refusals(plane, former["epoch"]), "what came late is refused", 5)
            after = settled(plane)
        finally:
            plane.list_controllers(late, [controller])
            hang_up(lab, f"agent-{late}", "is taken up")
    assert (after["master"], after["epoch"]) == (following["master"], following["epoch"])
    late_rounds = told["rounds_assigned"] - held["rounds_assigned"] + told["shares_set"] - held["shares_set"]
    assert after["assignments_refused"] - former["assignments_refused"] >= late_rounds
    print(f"another one led after {took_s:.1f} s; {late_rounds} assignments came late; {refusals(plane, former['epoch'])}")
    for node in NODES:
        assert watch.obeyed[node][-2:] == [former["epoch"], following["epoch"]]


def wait_for_a_round(plane: ControlPlane, master: str) -> None:
    before = plane.ask_agent(master, "status")["rounds_assigned"]
    wait_until(lambda: plane.ask_agent(master, "status")["rounds_assigned"] > before, "the master assigns probes", A_ROUND_SOON_S)


def test_a_master_that_only_some_members_reach_stays(lab: Lab, plane: ControlPlane) -> None:
    """The WAN between it and one other is cut. Assignments go by the controller, so nobody else becomes a master."""
    former = settled(plane)
    master = former["master"]
    other = next(node for node in NODES if node != master)
    with Watch(plane) as watch:
        lab.cut(master, other)
        try:
            before = {node: plane.ask_agent(node, "status")["rounds_obeyed"] for node in NODES}
            wait_until(lambda: all(plane.ask_agent(node, "status")["rounds_obeyed"] >= before[node] + 2 for node in NODES),
                       "two rounds are obeyed by all, longer than two leases", 2 * A_ROUND_SOON_S)
        finally:
            lab.heal(master, other)
    after = settled(plane)
    assert (after["master"], after["epoch"]) == (master, former["epoch"])
    assert all(epochs == [former["epoch"]] for epochs in watch.obeyed.values())
