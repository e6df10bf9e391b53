"""topologies.py -- The overlays that the tests run in, and the services that they offer.

    client -- ams -- fra -- sin -- origin, origin2      (near is a host of ams)

The direct way from ams to sin is 40 ms long, over fra it is 8 ms: the path has one relay.
"""

from typing import Any

# What crosses the overlay is tested with patient links: a lcore that sanitizers or a busy machine hold up for 30 ms must
# not move a path meanwhile. How soon dead links are left is tested with the default (two_egresses).
PATIENCE = {"links": {"multiplier": 20}}

FAMILIES = ("ipv4", "ipv6")
RELAYED = ["fra", "sin"]

# Host part of the VIPs; each service has one in both families.
WEB, WEIGHTED, LOCAL, ANY_PORT = 80, 81, 82, 83


def vip(family: str, number: int = WEB) -> str:
    return f"10.99.0.{number}" if family == "ipv4" else f"fd99::{number}"


def url(family: str, path: str, number: int = WEB, port: int = 80) -> str:
    host = vip(family, number)
    return f"http://{host if family == 'ipv4' else f'[{host}]'}:{port}/{path}"


def services(egress: list[str]) -> list[dict[str, Any]]:
    """The same services in both families."""
    origin = {"host": "origin"}
    rows = [
        ("web", WEB, "tcp", 80, egress, [{**origin, "port": 8080}]),
        ("dnsudp", WEB, "udp", 53, egress, [origin]),
        ("dnstcp", WEB, "tcp", 53, egress, [origin]),
        ("iperftcp", WEB, "tcp", 5201, egress, [origin]),
        ("iperfudp", WEB, "udp", 5201, egress, [origin]),
        ("probe", WEB, "udp", 7000, egress, [origin]),
        ("echo", WEB, "icmp", None, egress, [origin]),
        ("range", WEB, "tcp", "8000-8099", egress, [origin]),
        ("anytcp", ANY_PORT, "tcp", "any", egress, [origin]),
        ("anyudp", ANY_PORT, "udp", "any", egress, [origin]),
        ("weighted", WEIGHTED, "tcp", 80, egress, [{**origin, "port": 8080, "weight": 3}, {"host": "origin2", "port": 8080}]),
        ("local", LOCAL, "tcp", 80, ["ams"], [{"host": "near", "port": 8080}]),
        ("localecho", LOCAL, "icmp", None, ["ams"], [{"host": "near"}]),
    ]
    return [
        {"id": 100 * f + i, "name": f"{name}{family[-1]}", "vip": vip(family, number), "protocol": protocol,
         **({} if ports is None else {"ports": ports}), "egress": nodes, "origins": origins}
        for f, family in enumerate(FAMILIES, 1)
        for i, (name, number, protocol, ports, nodes, origins) in enumerate(rows)
    ]


def three_nodes(name: str, underlay: str = "ipv4", edge: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "underlay": underlay,
        "nodes": [{"name": "ams"}, {"name": "fra"}, {"name": "sin"}],
        "rtt": {"unit": "ms", "pairs": [["ams", "fra", 4], ["fra", "sin", 4], ["ams", "sin", 40]]},
        "hosts": [{"name": "client", "node": "ams"}, {"name": "near", "node": "ams"},
                  {"name": "origin", "node": "sin"}, {"name": "origin2", "node": "sin"}],
        "services": services(["sin"]),
        "edge": PATIENCE | (edge or {}),
    }


def two_egresses(name: str) -> dict[str, Any]:
    """Two relays (fra, par) and two egresses (sin, hkg) that share a LAN with the origins."""
    nodes = [{"name": "ams"}, {"name": "fra"}, {"name": "par"}, {"name": "sin"}, {"name": "hkg", "lan": "sin"}]
    return three_nodes(name) | {
        "edge": {},
        "nodes": nodes,
        "rtt": {"unit": "ms", "pairs": [
            ["ams", "fra", 4], ["ams", "par", 14], ["ams", "sin", 60], ["ams", "hkg", 62], ["fra", "par", 12],
            ["fra", "sin", 4], ["fra", "hkg", 6], ["par", "sin", 8], ["par", "hkg", 9], ["sin", "hkg", 40]]},
        "services": [
            *services(["sin"]),
            {"id": 300, "name": "twosites", "vip": "10.99.0.90", "protocol": "tcp", "ports": "any",
             "egress": ["sin", "hkg"], "origins": [{"host": "origin"}]},
        ],
    }
