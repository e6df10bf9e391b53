"""The topology file: which nodes, hosts and services there are, and how far apart. docs/lab.md lists every key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from izar_lab import addresses
from izar_lab.errors import LabError
from izar_lab.links import LinkSettings, parse_settings
from izar_lab.matrix import read_matrix

# Names become parts of namespace names, which the shell and people must be able to type.
NAME_PATTERN = re.compile(r"[a-z][a-z0-9]{0,11}\Z")
# Members and interfaces that every lab has.
RESERVED = {"wan", "mgmt", "lo", "br0", "controller", "controller2", "controller3", "etcd", "mariadb"}
TOP_KEYS = {"name", "seed", "underlay", "rtt", "link_defaults", "nodes", "hosts", "services", "exception_taps", "controllers",
            "edge"}


@dataclass(frozen=True)
class Node:
    name: str
    id: int
    region: str
    lan: str  # the node on whose LAN it is: itself, or one that it shares a building with
    own_clock: bool = False  # its programs' wall clock can be set apart from the machine's


@dataclass(frozen=True)
class Host:
    name: str
    node: str
    number: int  # from 0, among the hosts of its LAN


@dataclass
class Topology:
    name: str
    seed: int
    underlay: str  # "ipv4" or "ipv6"
    nodes: list[Node]
    hosts: list[Host]
    rtt_ms: dict[tuple[str, str], float]  # by ordered pair of node names
    link_defaults: LinkSettings
    services: list[dict[str, Any]]  # as in edge.yaml, origins' "host" already replaced by "address"
    exception_taps: bool = False  # whether each node's kernel gets what is not izar's, by the TAPs izarwan and izarlan
    controllers: int = 0  # if there are any, nodes join them and have all but themselves from them
    edge: dict[str, Any] = field(default_factory=dict)  # goes into every node's edge.yaml as it is

    def node(self, name: str) -> Node:
        return _named(self.nodes, name, "node")

    def host(self, name: str) -> Host:
        return _named(self.hosts, name, "host")

    def host_address(self, name: str, family: str = "ipv4") -> str:
        host = self.host(name)
        return addresses.host(self.node(self.node(host.node).lan).id, host.number, family)

    def lan_address(self, name: str, family: str = "ipv4") -> str:
        node = self.node(name)
        guest = self.lan_nodes(node.lan).index(name)
        return addresses.lan(self.node(node.lan).id, guest, family)

    def lan_nodes(self, owner: str) -> list[str]:
        """The nodes on a LAN, its owner first."""
        return [owner, *(node.name for node in self.nodes if node.lan == owner and node.name != owner)]

    def lan_hosts(self, owner: str) -> list[str]:
        return [host.name for host in self.hosts if self.node(host.node).lan == owner]

    def lans(self) -> list[str]:
        return [node.name for node in self.nodes if node.lan == node.name]

    def controller_names(self) -> list[str]:
        return [addresses.controller_name(i) for i in range(self.controllers)]

    def one_way_ms(self, source: str, destination: str) -> float:
        return self.rtt_ms[source, destination] / 2

    def document(self) -> dict[str, Any]:
        """The topology as a document that parse_topology reads back to the same topology."""
        return {
            "name": self.name,
            "seed": self.seed,
            "underlay": self.underlay,
            "rtt": {"unit": "ms", "pairs": [[a, b, rtt] for (a, b), rtt in self.rtt_ms.items()]},
            "link_defaults": dict(self.link_defaults),
            "nodes": [
                {"name": node.name, "id": node.id, "region": node.region, "lan": node.lan, "own_clock": node.own_clock}
                for node in self.nodes
            ],
            "hosts": [{"name": host.name, "node": host.node} for host in self.hosts],
            "services": self.services,
            "exception_taps": self.exception_taps,
            "controllers": self.controllers,
            "edge": self.edge,
        }


def load_topology(path: str | Path) -> Topology:
    path = Path(path)
    try:
        document = yaml.safe_load(path.read_text())
    except OSError as error:
        raise LabError(f"cannot read the topology: {error}") from error
    except yaml.YAMLError as error:
        raise LabError(f"{path} is no YAML: {error}") from error
    try:
        return parse_topology(document, path.parent)
    except LabError as error:
        raise LabError(f"{path}: {error}") from error


def parse_topology(document: Any, folder: Path) -> Topology:
    """`folder` is where a relative matrix file is looked for."""
    if not isinstance(document, dict):
        raise LabError("a topology is a mapping with at least 'name', 'nodes' and 'rtt'")
    unknown = set(document) - TOP_KEYS
    if unknown:
        raise LabError(f"unknown keys {sorted(unknown)}; there are {sorted(TOP_KEYS)}")
    nodes = _parse_nodes(document.get("nodes"))
    hosts = _parse_hosts(document.get("hosts") or [], nodes)
    underlay = document.get("underlay", "ipv4")
    if underlay not in ("ipv4", "ipv6"):
        raise LabError(f"underlay is {underlay!r}; it must be ipv4 or ipv6")
    topology = Topology(
        name=_checked_name(document.get("name"), "name"),
        seed=int(document.get("seed", 1)),
        underlay=underlay,
        nodes=nodes,
        hosts=hosts,
        rtt_ms=_parse_rtt(document.get("rtt"), document["nodes"], folder),
        link_defaults=parse_settings(document.get("link_defaults") or {}),
        services=[],
        exception_taps=bool(document.get("exception_taps", False)),
        controllers=_parse_controllers(document.get("controllers", 0)),
        edge=dict(document.get("edge") or {}),
    )
    topology.services = [_resolve_origins(service, topology) for service in document.get("services") or []]
    return topology


def _parse_nodes(entries: Any) -> list[Node]:
    if not isinstance(entries, list) or not 1 <= len(entries) <= addresses.MAX_NODES:
        raise LabError(f"'nodes' must be a list of 1 to {addresses.MAX_NODES} nodes")
    nodes = [_parse_node(entry, i + 1) for i, entry in enumerate(entries)]
    if len({node.name for node in nodes}) < len(nodes) or len({node.id for node in nodes}) < len(nodes):
        raise LabError("two nodes have the same name or id")
    for node in nodes:
        if not 1 <= node.id <= addresses.MAX_NODES:
            raise LabError(f"node {node.name} has id {node.id}; use 1 to {addresses.MAX_NODES}")
    owners = {node.name for node in nodes if node.lan == node.name}
    for node in nodes:
        if node.lan not in owners:
            raise LabError(f"node {node.name} is on the LAN of {node.lan!r}; name a node that has a LAN of its own")
        if sum(1 for other in nodes if other.lan == node.lan) > addresses.MAX_GUESTS:
            raise LabError(f"more than {addresses.MAX_GUESTS} nodes share the LAN of {node.lan}")
    return nodes


def _parse_node(entry: dict[str, Any], position: int) -> Node:
    name = _checked_name(entry.get("name"), "nodes")
    return Node(name, int(entry.get("id", position)), str(entry.get("region", "lab")), str(entry.get("lan", name)),
                bool(entry.get("own_clock", False)))


def _parse_controllers(count: Any) -> int:
    if count not in range(addresses.MAX_CONTROLLERS + 1):
        raise LabError(f"'controllers' is {count!r}; use 0 to {addresses.MAX_CONTROLLERS}")
    return int(count)


def _parse_hosts(entries: list[dict[str, Any]], nodes: list[Node]) -> list[Host]:
    hosts: list[Host] = []
    taken = {node.name for node in nodes} | {f"{node.name}lan" for node in nodes}
    for entry in entries:
        name = _checked_name(entry.get("name"), "hosts")
        if name in taken:
            raise LabError(f"the host name {name!r} is taken; choose another one")
        taken.add(name)
        node = entry.get("node")
        if node not in {each.name for each in nodes}:
            raise LabError(f"host {name} is at node {node!r}, which is not in 'nodes'")
        lan_of = {each.name: each.lan for each in nodes}
        number = sum(1 for host in hosts if lan_of[host.node] == lan_of[node])
        if number >= addresses.MAX_HOSTS:
            raise LabError(f"node {node} has more than {addresses.MAX_HOSTS} hosts")
        hosts.append(Host(name, node, number))
    return hosts


def _parse_rtt(rtt: Any, node_entries: list[dict[str, Any]], folder: Path) -> dict[tuple[str, str], float]:
    if not isinstance(rtt, dict) or rtt.get("unit") not in ("ms", "s"):
        raise LabError("'rtt' needs 'unit: ms' or 'unit: s', and 'pairs' or 'file'")
    scale = 1.0 if rtt["unit"] == "ms" else 1000.0
    names = [entry["name"] for entry in node_entries]
    result: dict[tuple[str, str], float] = {}
    if "file" in rtt:
        rows = [entry.get("row", i) for i, entry in enumerate(node_entries)]
        cells = read_matrix(folder / rtt["file"], rows)
        result = {
            (a, b): cells[i][j] * scale for i, a in enumerate(names) for j, b in enumerate(names) if a != b
        }
    for a, b, value in rtt.get("pairs") or []:
        result[a, b] = float(value) * scale
        result.setdefault((b, a), float(value) * scale)  # one entry serves both directions
    missing = [f"{a}-{b}" for a in names for b in names if a != b and (a, b) not in result]
    if missing:
        raise LabError(f"'rtt' lacks the pairs {', '.join(missing)}")
    return result


def _resolve_origins(service: dict[str, Any], topology: Topology) -> dict[str, Any]:
    family = addresses.family_of(str(service.get("vip", "")))
    origins = []
    for origin in service.get("origins", []):
        resolved = dict(origin)
        if "host" in resolved:
            resolved["address"] = topology.host_address(resolved.pop("host"), family)
        origins.append(resolved)
    return {**service, "origins": origins}


def _checked_name(name: Any, where: str) -> str:
    if not isinstance(name, str) or not NAME_PATTERN.match(name):
        raise LabError(f"{where}: {name!r} is no name; use a letter and up to 11 more letters or digits, lower case")
    if name in RESERVED:
        raise LabError(f"{where}: the name {name!r} is reserved; choose another one")
    return name


def _named(items: list[Any], name: str, kind: str) -> Any:
    for item in items:
        if item.name == name:
            return item
    raise LabError(f"there is no {kind} {name!r}; there are {', '.join(item.name for item in items) or 'none'}")
