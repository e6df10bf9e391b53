"""test_link_rekey.py -- The secrets of all links are replaced on command while traffic flows, whoever is away."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import topologies
from attacker import CLEAR_EPOCH, OVERLAY_AT, Attacker
from izar_lab import Lab
from izar_lab.control_plane import ControlPlane
from izar_lab.probe_stream import ProbeStream
from observe import drop_counts, wait_for_links, wait_for_path, wait_until
from servers import Origin
from topologies import RELAYED, vip

NODES = ("ams", "fra", "sin")
ROUND_S = 6.0  # of the controller, with some time to spare: it waits no longer for an agent that does not answer


@pytest.fixture(scope="module")
def lab(start_lab: Callable[[dict[str, Any]], Lab]) -> Lab:
    lab = start_lab(topologies.three_nodes("e2erekey") | {"controllers": 1, "services": []})
    lab.control_plane.izar("service", "add", "probe", "--vip", vip("ipv4"), "--protocol", "udp", "--ports", "7000",
                           "--origin", lab.topology.host_address("origin"), "--egress", "sin")
    for node in NODES:
        wait_until(lambda node=node: len(lab.show(node, "services")["services"]) == 1, f"{node} has the service")
    wait_for_links(lab)
    wait_for_path(lab, RELAYED)
    return lab


@pytest.fixture(scope="module")
def origin(lab: Lab, plane: ControlPlane, start_origin: Callable[..., Origin]) -> Origin:
    return start_origin(lab, "probe_echo")


def secrets_of(lab: Lab, node: str) -> Path:
    return lab.folder / node / "link.secrets"


def pairs(lab: Lab, node: str) -> list[int]:
    """How many secrets a node's file has for each of its links."""
    lines = [line.split()[:3] for line in secrets_of(lab, node).read_text().splitlines() if line.startswith("link ")]
    return sorted(lines.count(link) for link in {tuple(line): line for line in lines}.values())


def behind(plane: ControlPlane) -> int:
    return plane.ask({"do": "status"})["nodes_behind"]


def wait_for_handshakes(frames: list[bytes], count: int) -> None:
    wait_until(lambda: sum(frame[OVERLAY_AT + 40] == CLEAR_EPOCH for frame in frames) >= count, f"{count} handshake messages")


def test_three_rekeys_lose_no_packet_and_the_first_secret_opens_nothing(
    lab: Lab, plane: ControlPlane, origin: Origin, tmp_path: Path
) -> None:
    """fra, which relays the traffic, has no agent during the first; sin's agent is frozen during the third."""
    kept = ("static.data", "link.secrets")  # by fra's agent
    for name in kept:
        shutil.copy2(lab.folder / "fra" / name, tmp_path / name)
    with Attacker(lab, "sin") as attacker, ProbeStream(lab, vip("ipv4")) as stream:
        lab.kill("agent-fra")
        wait_until(lambda: plane.connected_agents() == 2, "the controller knows it")
        with attacker.recording() as frames:
            said = plane.izar("link", "rekey", "--wait")
            assert "generation 1" in said and "not here: fra;" in said
            wait_for_handshakes(frames, 2)  # ams and sin
        assert (pairs(lab, "ams"), pairs(lab, "fra"), behind(plane)) == ([1, 2], [1, 1], 1)
        stream.wait_for_replies(20)
        plane.start_program("agent-fra")
        wait_until(lambda: behind(plane) == 0, "fra has the new ones")
        with attacker.recording() as frames:
            done = json.loads(plane.izar("link", "rekey", "--wait", "-o", "json"))
            assert (done["link_generation"], done["nodes_away"], behind(plane)) == (2, [], 0)
            wait_for_handshakes(frames, 4)  # ams and fra with sin
        frozen = lab.process("agent-sin")
        os.kill(frozen.pid, signal.SIGSTOP)
        assert "generation 3" in plane.izar("link", "rekey")
        wait_until(lambda: behind(plane) == 1, "the others do not wait for sin", ROUND_S)
        assert {row["name"]: row["link_generation"] for row in plane.listed("nodes")} == {"ams": 3, "fra": 3, "sin": 2}
        stream.wait_for_replies(20)
        os.kill(frozen.pid, signal.SIGCONT)
        wait_until(lambda: behind(plane) == 0, "sin has the new ones")
        wait_until(lambda: all(pairs(lab, node) == [1, 1] for node in NODES), "nobody keeps a former one")
        stream.wait_for_replies(20)
    print(f"{stream.report['sent']} probes, {stream.report['lost']} lost")
    assert stream.report["lost"] == 0
    assert "every node has generation 3" in plane.izar("events")

    # Who comes back with the first secrets, as a thief would, gets no session, until a controller tells it the newest.
    lab.kill("agent-fra")
    lab.kill("fra")
    for name in kept:
        shutil.copy2(tmp_path / name, lab.folder / "fra" / name)
    plane.cut_agent("fra")
    before = {node: drop_counts(lab, node)["bad_tag"] for node in ("ams", "sin")}
    plane.start_program("agent-fra")
    lab.restart("fra")
    wait_until(lambda: all(drop_counts(lab, node)["bad_tag"] > count + 2 for node, count in before.items()), "its handshakes are refused")
    assert {link["key_epoch"] for link in lab.show("fra", "links")["links"]} == {None}
    plane.heal_agent("fra")
    wait_for_links(lab)
    wait_for_path(lab, RELAYED)


def test_a_rekey_outlives_the_controller(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """Killed (kill -9) as soon as it has answered: its next life goes on with that generation, and gives the former one up."""
    with ProbeStream(lab, vip("ipv4")) as stream:
        generation = json.loads(plane.izar("link", "rekey", "-o", "json"))["link_generation"]
        lab.kill("controller", signal.SIGKILL)
        stream.wait_for_replies(20)
        plane.start_program("controller")
        wait_until(lambda: plane.connected_agents() == len(NODES) and behind(plane) == 0, "all nodes have it")
        assert plane.ask({"do": "status"})["link_generation"] == generation
        wait_until(lambda: all(pairs(lab, node) == [1, 1] for node in NODES), "nobody keeps a former one")
        stream.wait_for_replies(20)
    assert stream.report["lost"] == 0
