"""The control plane of a lab: controllers at the management network, each in a namespace of its own, and beside each
izar-edge an agent.

Then a node's edge.yaml names no other node and no service: what the topology says of them goes to the controllers.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from izar_lab import addresses, edge_control, edge_files, netns, processes
from izar_lab.errors import LabError
from izar_lab.shared_store import DATABASE_PORT, ETCD_PORT, SharedStore
from izar_lab.topology import Node

if TYPE_CHECKING:
    from izar_lab.lab import Lab

CONTROLLER = "controller"
PORT = 7443
API_PORT = 7444
TOKEN_TTL_S = 600
FEED_TIMEOUT_S = 30.0
POLL_S = 0.02


class ControlPlane:
    """Its programs are "controller" (also "controller2", "controller3") and "agent-NODE", in records and logs."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.folder = lab.folder / CONTROLLER
        self._shared = SharedStore(lab, self.folder)

    def controllers(self) -> list[str]:
        return self._lab.topology.controller_names()

    def addresses(self) -> list[str]:
        """Of the controllers."""
        return [addresses.controller(i) for i in range(self._lab.topology.controllers)]

    def agents(self) -> list[str]:
        return [f"agent-{node.name}" for node in self._lab.topology.nodes]

    def programs(self) -> list[str]:
        return [*self.controllers(), *self.agents()]

    def start(self) -> None:
        """The controllers with the topology's services, and every node's agent, joined by a token."""
        self.folder.mkdir()
        if self._lab.topology.controllers > 1:
            self._shared.start()
        for name in self.controllers():
            self._config(name).write_text(yaml.safe_dump(self._controller_config(name)))
            self.start_program(name)
        self._wait_for_leader()
        for node in self._lab.topology.nodes:
            self._join(node)
        for service in self._lab.topology.services:
            self.ask(_service_request(service))
        for agent in self.agents():
            self.start_program(agent)

    def start_program(self, name: str) -> None:
        if name in self.controllers():
            policy = self.folder / "routing-policy.yaml"
            self._lab.start(name, name, [*self._program("izar-controller"), "--config", str(self._config(name)),
                                         *(["--policy", str(policy)] if policy.exists() else [])])
            self._lab.wait_until(name, lambda: edge_control.answers(self.socket_of(name)))
        else:
            node = name.removeprefix("agent-")
            config = str(self._lab.folder / node / "agent.yaml")
            self._lab.start(name, node, [*self._program("izar-agent"), "--config", config])

    def socket_of(self, controller: str) -> Path:
        return self.folder / f"{controller}.sock"

    def leader(self) -> str | None:
        """The controller that leads, as the first one that runs knows; None: nobody."""
        for row in self.listed("controllers"):
            if row["leads"]:
                return row["name"] or CONTROLLER
        return None

    def cut(self, controller: str) -> None:
        """From agents, operators at a distance, the other controllers, the database and etcd, all at once."""
        netns.batch(self._lab.network.namespace(controller), ["link set dev mgmt0 down"])

    def heal(self, controller: str) -> None:
        netns.batch(self._lab.network.namespace(controller), ["link set dev mgmt0 up"])

    def cut_from_etcd(self, controller: str) -> None:
        """Agents and database stay in reach."""
        self._drop(controller, "etcd", f"ip saddr {addresses.store()} tcp sport {ETCD_PORT}")

    def heal_etcd(self, controller: str) -> None:
        self._drop_no_more(controller, "etcd")

    def cut_from_database(self, controller: str) -> None:
        """Agents and etcd stay in reach."""
        self._drop(controller, "database", f"ip saddr {addresses.store()} tcp sport {DATABASE_PORT}")

    def heal_database(self, controller: str) -> None:
        self._drop_no_more(controller, "database")

    def cut_from_fleet(self, controller: str) -> None:
        """From agents and the other controllers; database and etcd stay in reach, and so does the operator on its machine."""
        self._drop(controller, "fleet", f"iifname mgmt0 ip saddr != {addresses.store()}")

    def heal_fleet(self, controller: str) -> None:
        self._drop_no_more(controller, "fleet")

    def cut_agent(self, node: str, *, hears: bool = False, is_heard: bool = False) -> None:
        """A node's agent and all controllers from each other: both ways, unless it still `hears` them or `is_heard` by them."""
        own = addresses.management(self._lab.topology.node(node).id)
        if not hears:
            self._drop(node, "controllers", f"ip saddr {{ {', '.join(self.addresses())} }}")
        if not is_heard:
            for controller in self.controllers():
                self._drop(controller, node, f"ip saddr {own}")

    def heal_agent(self, node: str) -> None:
        self._drop_no_more(node, "controllers")
        for controller in self.controllers():
            self._drop_no_more(controller, node)

    def _drop(self, member: str, name: str, packets: str) -> None:
        """Packets that reach a member are lost without a word to either side, until _drop_no_more with the same name."""
        table = f"inet cut_{name}"
        self._nft(member, f"add table {table}", f"add chain {table} arriving {{ type filter hook input priority 0; }}",
                  f"add rule {table} arriving {packets} drop")

    def _drop_no_more(self, member: str, name: str) -> None:
        self._nft(member, f"add table inet cut_{name}", f"delete table inet cut_{name}")  # also where there is none

    def _nft(self, member: str, *lines: str) -> None:
        if not netns.find_tool("nft"):
            raise LabError("the program 'nft' is missing; tools/install installs it")
        netns.run(netns.inside(self._lab.network.namespace(member), ["nft", "-f", "-"]), "\n".join(lines) + "\n")

    def kill(self) -> int:
        """kill -9 of the controllers and all agents; returns how many programs that were."""
        running = [process for name in self.programs() if (process := self._lab.process(name)) is not None]
        processes.end(running, 9)
        return len(running)

    def edge_config(self, document: dict[str, Any], node: Node) -> dict[str, Any]:
        """izar-edge's configuration with the identity that the controller gave and nothing of other nodes."""
        identity = yaml.safe_load((self._lab.folder / node.name / "node.yaml").read_text())
        own = {"id": identity["id"], "name": node.name}
        address = addresses.wan(node.id, self._lab.topology.underlay)
        return document | {
            "node": own,
            "secrets": {"file": str(self._lab.folder / node.name / "link.secrets")},
            "nodes": [{**own, "region": node.region, "address": address}],
            "services": [],
        }

    def ask(self, request: dict[str, Any], controller: str | None = None) -> dict[str, Any]:
        """The answer to a request of docs/control-plane.md, asked of the first controller that runs or the one named."""
        return json.loads(edge_control.ask(self._socket(controller), json.dumps(request)))

    def ask_agent(self, node: str, what: str) -> dict[str, Any]:
        """What a node's agent answers by itself: "status", "nodes", "links", ..."""
        return json.loads(edge_control.ask(self._lab.folder / node / "agent.sock", json.dumps({"do": what})))

    def list_controllers(self, node: str, listed: list[str]) -> None:
        """Gives an agent another list of controllers, as HOST:PORT; it takes it up at SIGHUP."""
        path = self._lab.folder / node / "agent.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"controllers": listed}))

    def izar(self, *words: str, controller: str | None = None) -> str:
        """What the operator's command prints."""
        argv = [*self._program("izar"), *words, "--socket", str(self._socket(controller))]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"izar {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def listed(self, plural: str) -> list[dict[str, Any]]:
        return self.ask({"do": plural})[plural]

    def connected_agents(self) -> int:
        return sum(row["agent_connected"] for row in self.listed("nodes"))

    def wait_until_fed(self) -> None:
        """Until every izar-edge knows all nodes and services."""
        deadline = time.monotonic() + FEED_TIMEOUT_S
        for node in self._lab.topology.nodes:
            while not self._is_fed(node.name):
                if time.monotonic() > deadline:
                    log = self._lab.log(f"agent-{node.name}").read_text(errors="replace")
                    raise LabError(f"{node.name} did not get nodes and services; its agent said:\n{log}")
                time.sleep(POLL_S)

    def _is_fed(self, node: str) -> bool:
        services = self._lab.show(node, "services")["services"]
        links = self._lab.show(node, "links")["links"]
        topology = self._lab.topology
        return len(services) == len(topology.services) and len(links) == len(topology.nodes) - 1

    def _join(self, node: Node) -> None:
        folder = self._lab.folder / node.name
        folder.mkdir(exist_ok=True)
        asked = {"do": "token create", "region": node.region, "ttl_s": TOKEN_TTL_S, "uses": 1}
        config = {
            "name": node.name,
            "address": addresses.wan(node.id, self._lab.topology.underlay),
            "state": str(folder),
            "run": str(folder),
            "controllers": [f"{address}:{PORT}" for address in self.addresses()],
        }
        path = folder / "agent.yaml"
        path.write_text(yaml.safe_dump(config))
        joining = ["--config", str(path), "--join", f"{self.addresses()[-1]}:{PORT}", "--token", self.ask(asked)["token"]]
        done = self._lab.run(node.name, [*self._program("izar-agent"), *joining], check=False)
        if done.returncode != 0:
            raise LabError(f"{node.name} did not join: {done.stderr.strip()}")

    def _wait_for_leader(self) -> str:
        """Until one leads and serves: it has to open the store between the two."""
        deadline = time.monotonic() + FEED_TIMEOUT_S
        while True:
            try:
                if (leader := self.leader()) is not None and self.listed("nodes") is not None:
                    return leader
            except LabError:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                log = self._lab.log(CONTROLLER).read_text(errors="replace")
                raise LabError(f"no controller leads; the first one said:\n{log}")
            time.sleep(POLL_S)

    def _controller_config(self, name: str) -> dict[str, Any]:
        address = self.addresses()[self.controllers().index(name)]
        api = f"{address}:{API_PORT}"
        config = {"listen": f"{address}:{PORT}", "api": api, "operator_socket": str(self.socket_of(name)),
                  "state": str(self.folder)}
        return config | (self._shared.config(name, api) if self._lab.topology.controllers > 1 else {})

    def _config(self, controller: str) -> Path:
        return self.folder / f"{controller}.yaml"

    def _socket(self, controller: str | None) -> Path:
        running = [name for name in self.controllers() if self._lab.process(name) is not None]
        return self.socket_of(controller or (running or [CONTROLLER])[0])

    def _program(self, name: str) -> list[str]:
        return [str(edge_files.find_program(self._lab.build, name))]


def _service_request(service: dict[str, Any]) -> dict[str, Any]:
    """A service of a topology as the controller takes it."""
    unknown = set(service) - {"id", "name", "vip", "protocol", "ports", "egress", "origins"}
    if unknown:
        raise LabError(f"service {service['name']}: a controller has no {sorted(unknown)}; leave it out")
    request = {key: service[key] for key in ("name", "vip", "protocol", "origins") if key in service}
    if (ports := service.get("ports", "any")) != "any":
        first, _, rest = str(ports).partition("-")
        request |= {"first_port": int(first), "last_port": int(rest or first)}
    return request | {"do": "service add", "egresses": service.get("egress", [])}
