"""test_controllers.py -- Three controllers over one MariaDB and one etcd: leaders die, sleep and are cut off, nothing is lost."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clients
import pytest
import topologies
from izar_lab import Lab, LabError
from izar_lab.control_plane import ControlPlane
from izar_lab.probe_stream import ProbeStream
from observe import wait_for_links, wait_for_path, wait_until
from servers import FILE_BYTES, Origin
from topologies import RELAYED, url, vip

NODES = ("ams", "fra", "sin")
TAKEN_OVER_S = 60.0  # the lease of 3 s, the next one's start, the agents' search: 4 s
CUT_OFF_S = 90.0  # until a connection that leads nowhere is given up: 15 s to an agent


@pytest.fixture(scope="module")
def lab(start_lab: Callable[[dict[str, Any]], Lab]) -> Lab:
    wanted = ("web4", "probe4")
    services = [service for service in topologies.services(["sin"]) if service["name"] in wanted]
    lab = start_lab(topologies.three_nodes("e2ectrls") | {"controllers": 3, "services": services})
    wait_for_links(lab)
    wait_for_path(lab, RELAYED)
    return lab


@pytest.fixture(scope="module")
def origin(lab: Lab, start_origin) -> Origin:
    return start_origin(lab, "nginx", "probe_echo", file_bytes=FILE_BYTES)


def leader_of(plane: ControlPlane) -> str:
    leader = plane.leader()
    assert leader is not None
    return leader


def standby_of(lab: Lab, plane: ControlPlane) -> str:
    leader = leader_of(plane)
    return next(name for name in plane.controllers() if name != leader and lab.process(name) is not None)


def write_services(lab: Lab, plane: ControlPlane, through: str, first: int, count: int) -> set[str]:
    """Sets services at a controller, whoever leads; returns the names of those that it said were set."""
    written = set()
    origin = lab.topology.host_address("origin")
    for number in range(first, first + count):
        try:
            plane.ask({"do": "service put", "name": f"s{number}", "vip": "10.99.1.1", "protocol": "tcp",
                       "first_port": number, "last_port": number, "origins": [{"address": origin}]}, through)
            written.add(f"s{number}")
        except LabError:
            pass  # not acknowledged: it may be there or not
    return written


def names(plane: ControlPlane) -> set[str]:
    return {row["name"] for row in plane.listed("services")}


def all_agents_back(plane: ControlPlane) -> bool:
    try:
        return plane.connected_agents() == len(NODES)
    except LabError:
        return False  # nobody leads at the moment


def all_agents_at(plane: ControlPlane, controller: str) -> bool:
    """Whether the leader has all of them, as this controller says."""
    try:
        rows = plane.ask({"do": "nodes"}, controller)["nodes"]
        return sum(row["agent_connected"] for row in rows) == len(NODES)
    except LabError:
        return False


def has_one_master(plane: ControlPlane, after: int) -> bool:
    """Whether all agents have heard of one, of a later epoch, and it knows."""
    told = [plane.ask_agent(node, "status") for node in NODES]
    masters = {status["group_master"] for status in told}
    return (len(masters) == 1 and all(status["group_epoch"] > after for status in told)
            and [status["node"] for status in told if status["is_master"]] == [*masters])


def reaches(lab: Lab, address: str) -> bool:
    options = ["-sf", "--max-time", "0.5", f"http://{address}/name"]
    return lab.run("client", ["curl", *options], check=False).stdout == "origin"


def test_one_leads_and_the_others_pass_requests_on(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    leader = leader_of(plane)
    rows = plane.listed("controllers")
    assert sorted(row["name"] for row in rows) == sorted(plane.controllers())
    assert [row["name"] for row in rows if row["leads"]] == [leader]
    wait_until(lambda: all_agents_back(plane), "the agents found the leader")
    standby = standby_of(lab, plane)
    written = write_services(lab, plane, standby, 8080, 1)
    assert written == {"s8080"} <= names(plane)
    assert plane.izar("services", controller=standby) == plane.izar("services", controller=leader)
    wait_until(lambda: reaches(lab, "10.99.1.1:8080"), "a service set at a controller that stands by is served")


def api(lab: Lab, plane: ControlPlane, controller: str, path: str, *options: str) -> tuple[str, str]:
    """Status and body of a request to the API of this controller, from a node."""
    address = plane.addresses()[plane.controllers().index(controller)]
    token = (plane.folder / "api.token").read_text().strip()
    argv = ["curl", "-sS", "--max-time", "20", "--cacert", str(plane.folder / "authority.crt"),
            "--resolve", f"izar-controller:7444:{address}", "-H", f"Authorization: Bearer {token}", "-w", "\n%{http_code}"]
    body, _, status = lab.run("ams", [*argv, *options, f"https://izar-controller:7444{path}"]).stdout.rpartition("\n")
    return status, body


def test_every_controller_serves_agents_and_api(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """Nodes joined at the last of the list, and their agents are at the first; one of the two stands by at least."""
    leader = leader_of(plane)
    assert [plane.connected_agents(), len(plane.listed("nodes"))] == [len(NODES), len(NODES)]
    origin_address = lab.topology.host_address("origin")
    for name in plane.controllers():
        status, body = api(lab, plane, name, "/v1/nodes")
        assert status == "200" and len(json.loads(body)["nodes"]) == len(NODES), f"{name}, while {leader} leads: {body}"
        body = json.dumps({"origin": origin_address, "service": "web4"})
        assert api(lab, plane, name, f"/v1/domains/{name}.example.com", "-X", "PUT", "-d", body)[0] == "200"
        status, body = api(lab, plane, name, f"/resolve/{name}.example.com?region=lab")
        assert status == "200" and len(json.loads(body)["ingresses"]) == len(NODES)
    assert len(plane.listed("domains")) == len(plane.controllers())
    for name in plane.controllers():
        assert api(lab, plane, name, f"/v1/domains/{name}.example.com", "-X", "DELETE")[0] == "200"


def test_a_leader_killed_under_writes_loses_none(lab: Lab, plane: ControlPlane, origin: Origin, tmp_path: Path) -> None:
    leader, standby = leader_of(plane), standby_of(lab, plane)
    copy = tmp_path / "copy"
    with ProbeStream(lab, vip("ipv4")) as stream:
        curl = clients.start_curl(lab, "--limit-rate", "8M", "-o", str(copy), url("ipv4", "file.bin"))
        written = write_services(lab, plane, standby, 20_000, 20)
        assert len(written) == 20
        lab.kill(leader, signal.SIGKILL)
        killed_at = time.monotonic()
        wait_until(lambda: (now := plane.leader()) is not None and now != leader and all_agents_back(plane),
                   "another one leads, with all agents", TAKEN_OVER_S)
        print(f"another one leads, with all agents, {time.monotonic() - killed_at:.1f} s after the kill")
        later = write_services(lab, plane, standby, 20_100, 20)
        assert len(later) == 20
        _, errors = curl.communicate(timeout=120)
    assert curl.returncode == 0, errors
    assert stream.report["lost"] == 0
    assert written | later <= names(plane)
    wait_until(lambda: len(lab.show("ams", "services")["services"]) == len(names(plane)), "the nodes have them all", 5)
    lab.restart(leader)
    wait_until(lambda: len(plane.listed("controllers")) == 3, "the killed one stands by", TAKEN_OVER_S)


def test_a_leader_that_slept_through_its_lease_writes_nothing(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    sleeper = leader_of(plane)
    process = lab.process(sleeper)
    assert process is not None
    standby = standby_of(lab, plane)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: next_leader(plane, standby, sleeper), "another one leads", TAKEN_OVER_S)
        wait_until(lambda: write_services(lab, plane, standby, 20_200, 1), "the next leader takes writes", 5)
        written = write_services(lab, plane, standby, 20_200, 10)
        assert len(written) == 10
    finally:
        os.kill(process.pid, signal.SIGCONT)
    # In the moment it wakes it may still believe that it leads: what it acknowledges must be in the database.
    written |= write_services(lab, plane, sleeper, 20_300, 20)
    wait_until(lambda: write_services(lab, plane, sleeper, 20_400, 1), "it passes writes on", 5)
    assert "izar-controller leads no more" in lab.log(sleeper).read_text()
    wait_until(lambda: all_agents_back(plane), "the agents are with the new leader", TAKEN_OVER_S)
    assert len([row for row in plane.listed("controllers") if row["leads"]]) == 1
    assert written <= names(plane)
    wait_until(lambda: len(lab.show("fra", "services")["services"]) == len(names(plane)), "the nodes have them all", 5)


def next_leader(plane: ControlPlane, witness: str, former: str) -> bool:
    """Whether another one leads, as the witness knows."""
    return any(row["leads"] and row["name"] != former for row in plane.ask({"do": "controllers"}, witness)["controllers"])


def test_a_leader_cut_from_etcd_loses_no_write(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """It reaches the database all the time, and it is asked to write all the time: before, while and after its lease ends."""
    former, standby = leader_of(plane), standby_of(lab, plane)
    wait_until(lambda: has_one_master(plane, 0), "the group has a master", TAKEN_OVER_S)
    epoch = plane.listed("groups")[0]["epoch"]
    written: set[str] = set()
    with ProbeStream(lab, vip("ipv4")) as stream:
        plane.cut_from_etcd(former)
        begun = time.monotonic()
        try:
            first, by_former, by_next = 30_000, 0, 0
            while not (by_former and by_next) or not next_leader(plane, standby, former):
                assert time.monotonic() < begun + TAKEN_OVER_S, f"{by_former} and {by_next} writes were acknowledged"
                old, new = write_services(lab, plane, former, first, 1), write_services(lab, plane, standby, first + 1, 1)
                by_former, by_next = by_former + len(old), by_next + len(new) * next_leader(plane, standby, former)
                written |= old | new
                first += 2
            print(f"another one leads {time.monotonic() - begun:.1f} s after the cut; the former acknowledged {by_former} writes")
            wait_until(lambda: "izar-controller leads no more" in lab.log(former).read_text(), "the former gives up", TAKEN_OVER_S)
            assert not write_services(lab, plane, former, first, 1), "it knows of no leader, and writes nothing itself"
            wait_until(lambda: all_agents_at(plane, standby), "agents went where somebody leads", CUT_OFF_S)
            wait_until(lambda: has_one_master(plane, epoch), "of the new leader all have the same master", TAKEN_OVER_S)
        finally:
            plane.heal_etcd(former)
        wait_until(lambda: write_services(lab, plane, former, first + 1, 1), "healed, it passes writes on", TAKEN_OVER_S)
        written.add(f"s{first + 1}")
        stream.wait_for_replies(5)
    assert stream.report["lost"] == 0
    assert written <= names(plane)


@pytest.mark.long
def test_a_leader_cut_from_the_database_loses_no_write(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """It keeps etcd and its agents, and is asked to write all the time."""
    former, standby = leader_of(plane), standby_of(lab, plane)
    written = write_services(lab, plane, former, 32_000, 5)
    assert len(written) == 5
    with ProbeStream(lab, vip("ipv4")) as stream:
        plane.cut_from_database(former)
        begun = time.monotonic()
        try:
            first = 32_100
            while not (next_leader(plane, standby, former) and write_services(lab, plane, standby, first + 1, 1)):
                assert time.monotonic() < begun + CUT_OFF_S, "nobody takes writes"
                assert not write_services(lab, plane, former, first, 1), "a write that the database did not answer"
                first += 2
            written.add(f"s{first + 1}")
            print(f"writes again {time.monotonic() - begun:.1f} s after the cut from the database")
            wait_until(lambda: all_agents_at(plane, standby), "all agents are with the next leader", CUT_OFF_S)
            wait_until(lambda: write_services(lab, plane, former, 32_700, 1), "the former passes writes on", TAKEN_OVER_S)
            written |= write_services(lab, plane, former, 32_800, 5)
        finally:
            plane.heal_database(former)
        stream.wait_for_replies(5)
    assert stream.report["lost"] == 0
    assert len([row for row in plane.listed("controllers") if row["leads"]]) == 1
    assert len(written) == 11 and written <= names(plane)
    wait_until(lambda: len(lab.show("fra", "services")["services"]) == len(names(plane)), "the nodes have them all", CUT_OFF_S)


def test_a_leader_cut_from_the_fleet_loses_no_write(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """It keeps etcd and the database, and so its lead; no agent and no other controller reaches it, but the operator on its own
    machine does."""
    leader, standby = leader_of(plane), standby_of(lab, plane)
    with ProbeStream(lab, vip("ipv4")) as stream:
        plane.cut_from_fleet(leader)
        try:
            written = write_services(lab, plane, leader, 33_000, 5)
            assert len(written) == 5
            assert not write_services(lab, plane, standby, 33_100, 1), "the others have nobody to pass it on to"
            stream.wait_for_replies(20)
            assert leader_of(plane) == leader
        finally:
            plane.heal_fleet(leader)
        wait_until(lambda: all_agents_back(plane), "the agents are with it again", CUT_OFF_S)
        wait_until(lambda: len(lab.show("sin", "services")["services"]) == len(names(plane)), "the nodes have them all", CUT_OFF_S)
    assert stream.report["lost"] == 0
    assert written <= names(plane)


@pytest.mark.long
def test_a_leader_whose_link_is_down_loses_no_write(lab: Lab, plane: ControlPlane, origin: Origin, tmp_path: Path) -> None:
    """Nobody reaches it, and it reaches neither etcd nor the database."""
    former, standby = leader_of(plane), standby_of(lab, plane)
    written: set[str] = set()
    with ProbeStream(lab, vip("ipv4")) as stream:
        curl = clients.start_curl(lab, "--limit-rate", "4M", "-o", str(tmp_path / "copy"), url("ipv4", "file.bin"))
        written |= write_services(lab, plane, former, 31_000, 5)
        plane.cut(former)
        begun = time.monotonic()
        try:
            wait_until(lambda: next_leader(plane, standby, former), "another one leads", TAKEN_OVER_S)
            wait_until(lambda: write_services(lab, plane, standby, 31_100, 1), "it takes writes", TAKEN_OVER_S)
            print(f"writes again {time.monotonic() - begun:.1f} s after the cut")
            written |= write_services(lab, plane, standby, 31_100, 10)
            assert len(written) == 15
            assert not write_services(lab, plane, former, 31_200, 1), "a write that nobody can see"
            wait_until(lambda: all_agents_at(plane, standby), "all agents are with the next leader", CUT_OFF_S)
            print(f"all agents {time.monotonic() - begun:.1f} s after the cut")
        finally:
            plane.heal(former)
        wait_until(lambda: write_services(lab, plane, former, 31_300, 1), "healed, it passes writes on", CUT_OFF_S)
        written.add("s31300")
        _, errors = curl.communicate(timeout=120)
    assert curl.returncode == 0, errors
    assert stream.report["lost"] == 0
    assert len([row for row in plane.listed("controllers") if row["leads"]]) == 1
    assert written <= names(plane)
