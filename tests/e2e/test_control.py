"""test_control.py -- Everything comes from a controller: nodes that join, services, measurements; and its absence."""

from collections.abc import Iterator
from pathlib import Path

import clients
import pytest
import topologies
from clients import ProbeStream
from control_plane import ControlPlane
from izar_lab import Lab
from izar_lab.topology import parse_topology
from observe import wait_for_links, wait_for_path, wait_until
from servers import FILE_BYTES, Origin
from topologies import RELAYED, url, vip

ROOT = Path(__file__).resolve().parents[2]
NODES = ("ams", "fra", "sin")


@pytest.fixture(scope="module")
def lab(build: Path) -> Iterator[Lab]:
    topology = parse_topology(topologies.three_nodes("e2ectrl"), ROOT)
    with Lab(topology, build=build, edges=False) as lab:
        yield lab


@pytest.fixture(scope="module")
def plane(lab: Lab) -> ControlPlane:
    plane = ControlPlane(lab)
    plane.start()
    origin = lab.topology.host_address("origin")
    for name, protocol, ports, where in (("web", "tcp", "80", f"{origin}:8080"), ("probe", "udp", "7000", origin)):
        plane.izar("service", "add", name, "--vip", vip("ipv4"), "--protocol", protocol, "--ports", ports,
                   "--origin", where, "--egress", "sin")
    for node in NODES:
        wait_until(lambda node=node: len(lab.show(node, "services")["services"]) == 2, f"{node} has the services")
    wait_for_links(lab)
    wait_for_path(lab, RELAYED)
    return plane


@pytest.fixture(scope="module")
def origin(lab: Lab, plane: ControlPlane, start_origin) -> Origin:
    return start_origin(lab, "nginx", "probe_echo", file_bytes=FILE_BYTES)


def test_traffic_flows_over_a_relay_that_no_file_names(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    assert clients.curl(lab, url("ipv4", "name")) == "origin"
    assert {row["name"] for row in plane.listed("nodes") if row["agent_connected"]} == set(NODES)
    wait_until(lambda: len(plane.listed("links")) == 6, "the controller knows every link")


def test_death_of_controller_and_agents_changes_nothing(
    lab: Lab, plane: ControlPlane, origin: Origin, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    with ProbeStream(lab, vip("ipv4")) as stream:
        curl = clients.start_curl(lab, "-o", str(copy), url("ipv4", "file.bin"))
        wait_until(lambda: copy.exists() and copy.stat().st_size > FILE_BYTES * 0.05, "download proceeds")
        for name in ("controller", *(f"agent-{node}" for node in NODES)):
            plane.kill(name)
        stream.wait_for_replies(5)
        _, errors = curl.communicate(timeout=120)
    assert curl.returncode == 0, errors
    assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "file.bin")
    assert stream.report["lost"] == 0
    plane.start_controller()
    for node in NODES:
        plane.start_agent(node)
    wait_until(lambda: sum(row["agent_connected"] for row in plane.listed("nodes")) == 3, "all agents are back")


def test_service_and_domain_reach_clients_at_once(lab: Lab, plane: ControlPlane, origin: Origin, tmp_path_factory) -> None:
    with Origin(lab, "origin2", tmp_path_factory.mktemp("origin2")) as second:
        second.start_nginx()

        def who() -> str:
            return clients.curl(lab, url("ipv4", "name"))

        assert who() == "origin"
        plane.izar("domain", "set", "example.com", lab.topology.host_address("origin2"), "--service", "web")
        wait_until(lambda: who() == "origin2", "the domain's new origin answers", 2)
        plane.izar("domain", "rm", "example.com")
        wait_until(lambda: who() == "origin", "the service's own origin answers again", 2)


def test_revoked_node_leaves_the_fleet(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    plane.izar("node", "revoke", "fra")
    wait_for_path(lab, ["sin"])
    assert "revoked" in lab.log("agent-fra").read_text()
