"""test_policies.py -- Services under different routing policies: a forbidden node never carries its service.

The way from ams to sin is 8 ms over fra and 40 ms direct. Echo over IPv4 must not pass fra; echo over IPv6 may. Nor may
the range of ports, as fra is in a forbidden region, nor the web over IPv4, as it is too dear.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import clients
import pytest
import topologies
from izar_lab import Lab, edge_files
from observe import SETTLE_S, wait_for_links, wait_for_path, wait_until
from topologies import url, vip

POLICY = """
policies:
  - {name: fast}
  - {name: not-fra, forbidden: {nodes: [fra]}, services: [echo4]}
  - {name: not-eu, forbidden: {regions: [eu]}, services: [range4]}
  - {name: cheap, relays: {max_price_per_gb: 0.05}, services: [web4]}
  - {name: dear, relays: {max_price_per_gb: 0.1}, services: [web6]}
prices_per_gb:
  - {region: eu, price: 0.09}
"""


@pytest.fixture(scope="module")
def lab(start_lab, tmp_path_factory) -> Iterator[Lab]:
    file = tmp_path_factory.mktemp("policy") / "routing-policy.yaml"
    file.write_text(POLICY)
    topology = topologies.three_nodes("e2epolicy", edge={"policy": str(file)})
    topology["nodes"][1]["region"] = "eu"
    lab = start_lab(topology)
    wait_for_links(lab)
    wait_for_path(lab, ["fra", "sin"])
    yield lab


def paths(lab: Lab, policy: str) -> list[list[str]]:
    """Primary and backup from ams to sin under a policy; empty lists where there is none."""
    row = next(row for row in lab.show("ams", "paths")["paths"] if (row["policy"], row["destination"]) == (policy, "sin"))
    return [row["segments"], row["backup"] or []]


def rtt_ms(lab: Lab, address: str) -> float:
    out = lab.run("client", ["ping", "-c", "5", "-i", "0.05", "-W", "2", address], capture_output=True, text=True).stdout
    return float(re.search(r"= ([\d.]+)/", out)[1])  # the least


def test_each_service_takes_the_paths_of_its_policy(lab: Lab) -> None:
    wait_until(lambda: paths(lab, "not-fra")[0] == ["sin"], "direct path under not-fra")
    assert paths(lab, "fast") == [["fra", "sin"], ["sin"]]
    assert paths(lab, "not-fra") == [["sin"], []]
    assert rtt_ms(lab, vip("ipv4")) >= 40
    assert rtt_ms(lab, vip("ipv6")) < 30
    explained = lab.command("ams", "explain path ams sin policy not-fra")
    assert "policy not-fra" in explained
    assert re.search(r"ams > fra > sin +-", explained), explained


def test_region_rules_and_price_caps_hold_for_their_services(lab: Lab, start_origin) -> None:
    start_origin(lab, "nginx")
    wait_until(lambda: paths(lab, "dear")[0] == ["fra", "sin"], "relayed path under dear")
    assert paths(lab, "not-eu") == [["sin"], []]
    assert paths(lab, "cheap") == [["sin"], []]
    for port in (8080, 80):  # the range of ports, the web
        options = ["-sf", "-o", "/dev/null", "-w", "%{time_connect}", url("ipv4", "name", port=port)]
        assert float(lab.run("client", ["curl", *options]).stdout) >= 0.040, port


def test_without_another_way_the_service_stops_rather_than_pass_a_forbidden_node(lab: Lab) -> None:
    lab.cut("ams", "sin")
    try:
        wait_until(lambda: paths(lab, "not-fra") == [[], []], "no path under not-fra")
        assert clients.ping(lab, vip("ipv4"), "-W", "1", "-i", "0.1") == 0
        assert clients.ping(lab, vip("ipv6"), "-W", "2", "-i", "0.1") == 5
    finally:
        lab.heal("ams", "sin")
    wait_until(lambda: paths(lab, "not-fra")[0] == ["sin"], "the direct path again", SETTLE_S)
    assert clients.ping(lab, vip("ipv4"), "-W", "2", "-i", "0.1") == 5


def test_a_slip_in_the_file_is_told_with_its_place(lab: Lab, build: Path, tmp_path: Path) -> None:
    policy = tmp_path / "routing-policy.yaml"
    policy.write_text("policies:\n  - {name: eu, forbidden: {nodes: [frb]}}\n")
    document = edge_files.edge_config(lab.topology, lab.topology.node("ams"), tmp_path / "edge.sock", tmp_path / "secrets")
    config = tmp_path / "edge.yaml"
    config.write_text(edge_files.to_yaml(document | {"policy": str(policy)}))
    argv = [str(edge_files.find_program(build, "izar-edge")), "--", "--config", str(config), "--check"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert f"{policy}:2:36: policies[0].forbidden.nodes[0]: 'frb' is no node here; did you mean 'fra'?" in done.stderr
