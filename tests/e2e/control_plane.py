"""control_plane.py -- A lab whose nodes know only themselves: all else comes from a controller, by their agents."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml
from izar_lab import Lab, addresses, edge_control, edge_files, netns, processes
from observe import wait_until

CONTROLLER = "192.168.77.254"
PORT = 7443


class ControlPlane:
    """One controller in the lab's management network; of each node an agent that joined by a token, and izar-edge."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.folder = lab.folder / "controller"
        self._socket = self.folder / "operator.sock"

    def start(self) -> None:
        netns.batch(
            self.lab.network.namespace("mgmt"),
            ["link set dev lo up", f"address add {CONTROLLER}/24 dev br0"],
        )
        self.folder.mkdir()
        config = {"listen": f"{CONTROLLER}:{PORT}", "operator_socket": str(self._socket), "state": str(self.folder)}
        (self.folder / "scheduling-config.yaml").write_text(yaml.safe_dump(config))
        self.start_controller()
        for node in self.lab.topology.nodes:
            self._join(node.name)
            self.start_edge(node.name)
            self.start_agent(node.name)

    def start_controller(self) -> None:
        self.lab.start("controller", "mgmt", [*self._program("izar-controller"), "--config",
                                              str(self.folder / "scheduling-config.yaml")])
        wait_until(self._answers, "the controller answers")

    def start_agent(self, node: str) -> None:
        self.lab.start(f"agent-{node}", node, [*self._program("izar-agent"), "--config", str(self._state(node, "agent.yaml"))])

    def start_edge(self, node: str) -> None:
        """izar-edge with a configuration that names no other node and no service."""
        topology, own = self.lab.topology, self.lab.topology.node(node)
        identity = yaml.safe_load(self._state(node, "node.yaml").read_text())
        document = edge_files.edge_config(topology, own, self._state(node, "edge.sock"), self._state(node, "link.secrets"))
        document["node"] = {"id": identity["id"], "name": node}
        document["nodes"] = [{"id": identity["id"], "name": node, "region": own.region,
                              "address": addresses.wan(own.id, topology.underlay)}]
        document["services"] = []
        config = self._state(node, "edge.yaml")
        config.write_text(edge_files.to_yaml(document))
        self.lab.start(node, node, edge_files.edge_command(self.lab.build, self.lab.name, own, config, topology))
        wait_until(lambda: edge_control.answers(self._state(node, "edge.sock")), f"{node} answers")

    def kill(self, name: str) -> None:
        """kill -9 of "controller" or "agent-NODE"."""
        process = self.lab.process(name)
        assert process is not None, f"{name} does not run"
        processes.end([process], 9)

    def izar(self, *words: str) -> str:
        done = subprocess.run([*self._program("izar"), *words, "--socket", str(self._socket)],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listed(self, plural: str) -> list[dict[str, Any]]:
        return json.loads(self.izar(plural, "-o", "json"))[plural]

    def _join(self, node: str) -> None:
        self._state(node, "").mkdir(exist_ok=True)
        token = self.izar("token", "create", "--region", self.lab.topology.node(node).region, "--ttl", "10m").strip()
        own = self.lab.topology.node(node)
        config = {"name": node, "address": addresses.wan(own.id, self.lab.topology.underlay),
                  "state": str(self._state(node, "")), "run": str(self._state(node, "")),
                  "controllers": [f"{CONTROLLER}:{PORT}"]}
        self._state(node, "agent.yaml").write_text(yaml.safe_dump(config))
        self.lab.run(node, [*self._program("izar-agent"), "--config", str(self._state(node, "agent.yaml")),
                            "--join", f"{CONTROLLER}:{PORT}", "--token", token])

    def _answers(self) -> bool:
        asked = [*self._program("izar"), "nodes", "--socket", str(self._socket)]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def _state(self, node: str, name: str) -> Path:
        return self.lab.folder / node / name

    def _program(self, name: str) -> list[str]:
        return [str(edge_files.find_program(self.lab.build, name))]
