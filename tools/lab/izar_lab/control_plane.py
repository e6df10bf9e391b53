"""The control plane of a lab: one controller in the management network, and beside each izar-edge an agent.

Then a node's edge.yaml names no other node and no service: what the topology says of them goes to the controller.
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
from izar_lab.topology import Node

if TYPE_CHECKING:
    from izar_lab.lab import Lab

CONTROLLER = "controller"
PORT = 7443
TOKEN_TTL_S = 600
FEED_TIMEOUT_S = 30.0
POLL_S = 0.02


class ControlPlane:
    """Its programs are "controller" and "agent-NODE", in the lab's records as well as in its logs."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.folder = lab.folder / CONTROLLER
        self.socket = self.folder / "operator.sock"

    def agents(self) -> list[str]:
        return [f"agent-{node.name}" for node in self._lab.topology.nodes]

    def programs(self) -> list[str]:
        return [CONTROLLER, *self.agents()]

    def start(self) -> None:
        """The controller with the topology's services, and every node's agent, joined by a token."""
        lines = ["link set dev lo up", f"address add {addresses.management_of_controller()}/24 dev br0"]
        netns.batch(self._lab.network.namespace("mgmt"), lines)
        self.folder.mkdir()
        config = {"listen": self._listen(), "operator_socket": str(self.socket), "state": str(self.folder)}
        (self.folder / "scheduling-config.yaml").write_text(yaml.safe_dump(config))
        self.start_program(CONTROLLER)
        for node in self._lab.topology.nodes:
            self._join(node)
        for service in self._lab.topology.services:
            self.ask(_service_request(service))
        for agent in self.agents():
            self.start_program(agent)

    def start_program(self, name: str) -> None:
        if name == CONTROLLER:
            self._lab.start(name, "mgmt", [*self._program("izar-controller"), "--config",
                                           str(self.folder / "scheduling-config.yaml")])
            self._lab.wait_until(name, lambda: edge_control.answers(self.socket))
        else:
            node = name.removeprefix("agent-")
            config = str(self._lab.folder / node / "agent.yaml")
            self._lab.start(name, node, [*self._program("izar-agent"), "--config", config])

    def kill(self) -> int:
        """kill -9 of the controller and all agents; returns how many programs that were."""
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

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The controller's answer to a request of docs/control-plane.md."""
        return json.loads(edge_control.ask(self.socket, json.dumps(request)))

    def izar(self, *words: str) -> str:
        """What the operator's command prints."""
        argv = [*self._program("izar"), *words, "--socket", str(self.socket)]
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
            "controllers": [self._listen()],
        }
        path = folder / "agent.yaml"
        path.write_text(yaml.safe_dump(config))
        joining = ["--config", str(path), "--join", self._listen(), "--token", self.ask(asked)["token"]]
        done = self._lab.run(node.name, [*self._program("izar-agent"), *joining], check=False)
        if done.returncode != 0:
            raise LabError(f"{node.name} did not join: {done.stderr.strip()}")

    def _listen(self) -> str:
        return f"{addresses.management_of_controller()}:{PORT}"

    def _program(self, name: str) -> list[str]:
        return [str(edge_files.find_program(self._lab.build, name))]


def _service_request(service: dict[str, Any]) -> dict[str, Any]:
    """A service of a topology as the controller takes it."""
    unknown = set(service) - {"id", "name", "vip", "protocol", "ports", "egress", "origins"}
    if unknown:
        raise LabError(f"service {service['name']}: a controller has no {sorted(unknown)}; leave it out")
    first, last = 0, 65535
    if (ports := service.get("ports", "any")) != "any":
        first, _, rest = str(ports).partition("-")
        first, last = int(first), int(rest or first)
    request = {key: service[key] for key in ("name", "vip", "protocol", "origins") if key in service}
    return request | {"do": "service set", "first_port": first, "last_port": last, "egresses": service.get("egress", [])}
