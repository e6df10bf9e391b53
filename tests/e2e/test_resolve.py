"""test_resolve.py -- Clients that follow /resolve's 302 are served, at the ingress that it means.

    client --+-- ams --+           (ams and fra share the client's LAN, and each has a VIP of its own that is routed to it)
             +-- fra --+-- sin -- origin
"""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clients
import pytest
import topologies
from izar_lab import Lab, netns
from izar_lab.control_plane import API_PORT, ControlPlane
from observe import Account, nothing_dropped, wait_for_links, wait_for_path, wait_until
from servers import Origin
from topologies import FAMILIES, vip

INGRESSES = ("ams", "fra")
PAGE_BYTES = 4 << 20
CLIENT_IN_MANAGEMENT = "192.168.77.200"  # the controller's API is asked there
OWN_VIPS = {"ipv4": {"ams": "203.0.113.1", "fra": "203.0.113.2"}, "ipv6": {"ams": "2001:db8::1", "fra": "2001:db8::2"}}
MOST_CLIENTS = 64  # until both ingresses have been the first: that both have equal shares makes 2^-63 of all 64 alike


def service_of(family: str) -> str:
    return f"web{family[-1]}"


def domain_of(family: str) -> str:
    return f"{family}.example.com"


@pytest.fixture(scope="module")
def lab(start_lab: Callable[[dict[str, Any]], Lab]) -> Lab:
    lab = start_lab({
        "name": "e2eresolve",
        "nodes": [{"name": "ams", "region": "eu"}, {"name": "fra", "region": "eu", "lan": "ams"}, {"name": "sin", "region": "asia"}],
        "rtt": {"unit": "ms", "pairs": [["ams", "fra", 4], ["fra", "sin", 8], ["ams", "sin", 8]]},
        "hosts": [{"name": "client", "node": "ams"}, {"name": "origin", "node": "sin"}],
        "edge": topologies.PATIENCE, "controllers": 1, "services": [],
    })
    join_management(lab)
    for family in FAMILIES:
        route_vips(lab, family)
        add_service(lab, family)
    for node in ("ams", "fra", "sin"):
        wait_until(lambda node=node: len(lab.show(node, "services")["services"]) == 6, f"{node} has two services at three VIPs each")
    wait_for_links(lab)
    for ingress in INGRESSES:
        wait_for_path(lab, ["sin"], ingress)
    return lab


def join_management(lab: Lab) -> None:
    """Gives the client a way to the controller, which is not the overlay's."""
    client, switch = (lab.network.namespace(member) for member in ("client", "mgmt"))
    netns.batch(None, [f"link add mgmt0 netns {client} type veth peer name client netns {switch}"])
    netns.batch(switch, ["link set dev client master br0 up"])
    netns.batch(client, [f"address add {CLIENT_IN_MANAGEMENT}/24 dev mgmt0", "link set dev mgmt0 up"])


def route_vips(lab: Lab, family: str) -> None:
    """As the network of a provider does: each VIP to its node."""
    bits = 32 if family == "ipv4" else 128
    netns.batch(lab.network.namespace("client"),
                [f"route add {address}/{bits} via {lab.topology.lan_address(node, family)} dev eth0"
                 for node, address in OWN_VIPS[family].items()])


def add_service(lab: Lab, family: str) -> None:
    address = lab.topology.host_address("origin", family)
    origin = address if family == "ipv4" else f"[{address}]"
    own_vips = [word for node, vip_there in OWN_VIPS[family].items() for word in ("--vip-at", f"{node}={vip_there}")]
    lab.control_plane.izar("service", "add", service_of(family), "--vip", vip(family), *own_vips, "--ports", "80",
                           "--origin", f"{origin}:8080", "--egress", "sin")
    lab.control_plane.izar("domain", "set", domain_of(family), address, "--service", service_of(family))


@pytest.fixture(scope="module")
def origin(lab: Lab, start_origin: Callable[..., Origin]) -> Origin:
    origin = start_origin(lab, "nginx")
    origin.make_file("index.html", PAGE_BYTES)
    return origin


def ask(lab: Lab, plane: ControlPlane, family: str, query: str, *options: str) -> str:
    """What curl at the client prints."""
    where = ["--cacert", str(plane.folder / "authority.crt"), "--resolve", f"izar-controller:{API_PORT}:{plane.addresses()[0]}"]
    return clients.curl(lab, *where, *options, f"https://izar-controller:{API_PORT}/resolve/{domain_of(family)}?{query}")


def resolved(lab: Lab, plane: ControlPlane, family: str, query: str) -> list[dict[str, Any]]:
    return json.loads(ask(lab, plane, family, query))["ingresses"]


def clients_of(lab: Lab, plane: ControlPlane, family: str) -> dict[str, str]:
    """For each ingress, an address of a client that is to take it first."""
    found: dict[str, str] = {}
    for number in range(1, MOST_CLIENTS + 1):
        client = f"192.0.2.{number}" if family == "ipv4" else f"2001:db8:1::{number:x}"
        found.setdefault(resolved(lab, plane, family, f"region=eu&client={client}")[0]["node"], client)
        if len(found) == len(INGRESSES):
            return found
    raise AssertionError(f"of {MOST_CLIENTS} clients all go to {list(found)}")


def flows_at(lab: Lab, node: str, service_vip: str) -> list[dict[str, Any]]:
    return [flow for flow in lab.show(node, "flows")["flows"] if flow["role"] == "ingress" and service_vip in flow["vip"]]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_client_that_follows_gets_the_file_at_either_ingress(
    lab: Lab, plane: ControlPlane, origin: Origin, tmp_path: Path, family: str
) -> None:
    followed = clients_of(lab, plane, family)
    with Account(lab) as account:
        for ingress, client in followed.items():
            copy = tmp_path / ingress
            said = ask(lab, plane, family, f"region=eu&client={client}&redirect=1", "--location", "--output", str(copy),
                       "--write-out", "%{num_redirects} %{http_code} %{remote_ip}")
            assert said.split() == ["1", "200", OWN_VIPS[family][ingress]]
            assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "index.html")
    assert nothing_dropped(account), account.dropped
    for ingress in INGRESSES:
        flows = flows_at(lab, ingress, OWN_VIPS[family][ingress])
        assert [(flow["service"], flow["egress"]) for flow in flows] == [(service_of(family), "sin")], flows
        others = [address for node, address in OWN_VIPS[family].items() if node != ingress]
        assert not any(flows_at(lab, ingress, address) for address in others), "it came to the node whose VIP it is"


def test_a_vip_that_is_taken_away_is_told_no_more_and_one_that_moves_loses_no_flow(
    lab: Lab, plane: ControlPlane, origin: Origin, tmp_path: Path
) -> None:
    own = OWN_VIPS["ipv4"]
    copy = tmp_path / "copy"
    download = clients.start_curl(lab, "--limit-rate", "1M", "--output", str(copy), f"http://{own['ams']}/")
    wait_until(lambda: copy.exists() and copy.stat().st_size > 0, "the download proceeds")
    plane.izar("service", "set", "web4", "--vip-at", f"fra={own['ams']}")
    told = {row["node"]: (row["address"], row["own_vip"]) for row in resolved(lab, plane, "ipv4", "region=eu")}
    assert told == {"ams": (vip("ipv4"), False), "fra": (own["ams"], True)}
    assert clients.curl(lab, f"http://{vip('ipv4')}/name") == "origin", "the service's VIP serves, too"
    assert download.poll() is None, "the download was over before the VIP had moved: make it slower"
    _, errors = download.communicate(timeout=60)
    assert download.returncode == 0, errors
    assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "index.html")
    wait_until(lambda: len(lab.show("sin", "services")["services"]) == 5, "the VIP that is no more is gone")
    assert lab.run("client", ["curl", "-s", "--max-time", "1", f"http://{own['fra']}/name"], check=False).returncode != 0
    assert f"fra={own['ams']}" in plane.izar("services")
    plane.izar("service", "set", "web4", "--no-vip-at")
    assert [row["vips_at"] for row in plane.listed("services") if row["name"] == "web4"] == [[]]


def test_clients_of_a_node_that_died_are_served_where_its_vip_is_routed_then(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """The last test of this lab: fra does not come back."""
    own = OWN_VIPS["ipv6"]
    lab.kill("fra", signal.SIGKILL)
    wait_until(lambda: [row["node"] for row in resolved(lab, plane, "ipv6", "region=eu")] == ["ams"], "fra is told to nobody")
    ams = lab.topology.lan_address("ams", "ipv6")
    netns.batch(lab.network.namespace("client"), [f"route replace {own['fra']}/128 via {ams} dev eth0"])
    assert clients.curl(lab, f"http://[{own['fra']}]/name") == "origin"
    assert [flow["service"] for flow in flows_at(lab, "ams", own["fra"])] == ["web6"]
