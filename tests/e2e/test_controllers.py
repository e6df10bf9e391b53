"""test_controllers.py -- Three controllers over one MariaDB and one etcd: leaders die and sleep, nothing is lost."""

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
TAKEN_OVER_S = 15.0  # the lease of 3 s, the next one's start, the agents' search


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
            plane.ask({"do": "service set", "name": f"s{number}", "vip": "10.99.1.1", "protocol": "tcp",
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
    wait_until(lambda: reaches(lab, "10.99.1.1:8080"), "a service set at a controller that stands by is served", 2)


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
        def next_leads() -> bool:
            rows = plane.ask({"do": "controllers"}, standby)["controllers"]
            return any(row["leads"] and row["name"] != sleeper for row in rows)

        wait_until(next_leads, "another one leads", TAKEN_OVER_S)
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
