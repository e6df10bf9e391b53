"""Lab: brings a topology up, lets tests and people use it, and takes every trace of it away again."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from izar_lab import edge_control, edge_files, netns, network, processes, state
from izar_lab.control_plane import ControlPlane
from izar_lab.errors import LabError
from izar_lab.links import LinkSettings, parse_settings
from izar_lab.network import Network
from izar_lab.processes import ProcessId
from izar_lab.state import LabState
from izar_lab.topology import Topology, parse_topology
from izar_lab.wall_clock import WallClock
from izar_lab.wan import WanControl, configuration

START_TIMEOUT_S = 60.0
POLL_S = 0.02
SOURCE_ROOT = Path(__file__).resolve().parents[3]
DEFAULT_BUILD = SOURCE_ROOT / "build-release"


class Lab:
    """One lab. As a context manager it is up inside the block and gone after it, whatever happens inside.

    `edges` False leaves izar-edge out: then the nodes' wan0 and lan0 belong to whoever uses the lab.
    """

    def __init__(
        self, topology: Topology, name: str | None = None, build: Path | None = None, edges: bool = True
    ) -> None:
        self.name = name or topology.name
        self.topology = topology
        self.build = Path(build or DEFAULT_BUILD).resolve()
        self.network = Network(self.name, topology)
        self.wan = WanControl(self.folder / "wan.sock")
        self.control_plane = ControlPlane(self)  # of use where the topology has controllers
        self._edges = edges
        self._state = LabState(self.name, str(self.build), topology.document(), processes.current_process())

    @staticmethod
    def attach(name: str) -> Lab:
        """The lab of this name that another process brought up."""
        recorded = LabState.load(name)
        if recorded is None:
            raise LabError(f"there is no lab {name!r}; there are: {', '.join(state.recorded_labs()) or 'none'}")
        lab = Lab(parse_topology(recorded.topology, Path()), name, Path(recorded.build))
        lab._state = recorded
        return lab

    @property
    def folder(self) -> Path:
        return state.folder_of(self.name)

    def __enter__(self) -> Lab:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def up(self) -> None:
        network.check_tools()
        remove_abandoned_labs()
        recorded = LabState.load(self.name)
        if recorded is not None and recorded.processes:
            raise LabError(f"a lab {self.name!r} is up already; use `izar-lab down {self.name}` or another --name")
        remove(self.name)
        self._state.save()
        try:
            self.network.create()
            self._start_wan()
            if self.topology.controllers:
                self.control_plane.start()
            if self._edges:
                self._start_edges()
        except BaseException:  # Ctrl-C too: half a lab is of no use to anybody
            self.down()
            raise

    def _start_edges(self) -> None:
        for node in self.topology.nodes:
            self._start_edge(node.name)
        for node in self.topology.nodes:
            self._wait_for_edge(node.name)
        if self.topology.controllers:
            self.control_plane.wait_until_fed()

    def release(self) -> None:
        """Lets the lab live on after this process."""
        self._state.owner = None
        self._state.save()

    def down(self) -> None:
        remove(self.name)

    def argv_inside(self, where: str, argv: list[str]) -> list[str]:
        """The command line that runs argv at a node or host (or "wan", "mgmt", NODE + "lan")."""
        if where not in self.network.members():
            raise LabError(f"there is no node or host {where!r}; there are {', '.join(self.network.members())}")
        return netns.inside(self.network.namespace(where), argv)

    def run(self, where: str, argv: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs a program there to its end. Options are those of subprocess.run; output is captured as text."""
        defaults: dict[str, Any] = {"capture_output": True, "text": True, "check": True}
        return subprocess.run(self.argv_inside(where, argv), **{**defaults, **options})

    def popen(self, where: str, argv: list[str], **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(self.argv_inside(where, argv), text=True, **options)

    def set_link(self, a: str, b: str, one_way: bool = False, **settings: Any) -> None:
        """Changes a link in both directions (one_way: from a to b). `delay` is the one-way delay.

        Keys as in a topology's link_defaults (delay="80ms", loss="1%") or the emulator's (delay_ms=80, up=False).
        """
        parsed: LinkSettings = parse_settings(settings)
        for node in (a, b):
            self.topology.node(node)
        self.wan.set_link(a, b, parsed)
        if not one_way:
            self.wan.set_link(b, a, parsed)

    def cut(self, a: str, b: str, one_way: bool = False) -> None:
        self.set_link(a, b, one_way, up=False)

    def heal(self, a: str, b: str, one_way: bool = False) -> None:
        self.set_link(a, b, one_way, up=True)

    def set_clock_ahead(self, node: str, seconds: int) -> None:
        """The wall clock of the node's izar-edge and agent jumps, to so much ahead of the machine's (below 0: behind)."""
        if not self.topology.node(node).own_clock:
            raise LabError(f"{node} has the machine's clock; give it `own_clock: true` in the topology")
        self._wall_clock(node).set_ahead(seconds)

    def show(self, node: str, what: str) -> dict[str, Any]:
        """What `show WHAT json` says at the node's shell, parsed: docs/json.md."""
        return json.loads(self.command(node, f"show {what} json"))

    def command(self, node: str, line: str) -> str:
        """The answer of izar-edge's shell to one command; one that fails raises LabError with the shell's words."""
        self.topology.node(node)
        return edge_control.ask(self._edge_socket(node), line)

    def process(self, name: str) -> ProcessId | None:
        """izar-edge of a node, or the program of that name ("wan" is the emulator); None when it does not run."""
        process = self._state.processes.get(name)
        return process if process is not None and process.is_alive() else None

    def kill(self, name: str, number: int = signal.SIGTERM) -> None:
        """Ends a node's izar-edge, "controller" or "agent-NODE" by the given signal and returns when it is gone."""
        self._check_program(name)
        process = self.process(name)
        if process is None:
            raise LabError(f"{name} is not running; `izar-lab restart {name}` starts it")
        processes.end([process], number)

    def restart(self, name: str) -> None:
        """Starts what kill() ends (ending it first if it runs) and waits until it answers."""
        self._check_program(name)
        process = self.process(name)
        if process is not None:
            processes.end([process])
        if self._has_program(name):
            self.control_plane.start_program(name)
        else:
            self._start_edge(name)
            self._wait_for_edge(name)

    def _has_program(self, name: str) -> bool:
        return self.topology.controllers > 0 and name in self.control_plane.programs()

    def _check_program(self, name: str) -> None:
        if not self._has_program(name):
            self.topology.node(name)

    def log(self, name: str) -> Path:
        """Output of izar-edge of a node, or of the emulator ("wan")."""
        return self.folder / f"{name}.log"

    def _edge_socket(self, node: str) -> Path:
        return self.folder / node / "edge.sock"

    def _start_wan(self) -> None:
        config = self.folder / "wan.json"
        config.write_text(json.dumps(configuration(self.topology, self.folder / "wan.sock"), indent=1))
        self._start("wan", "wan", [str(edge_files.find_program(self.build, "izar-wan")), str(config)])
        self.wait_until("wan", lambda: self.log("wan").read_text().startswith("ready"))

    def _start_edge(self, node_name: str) -> None:
        node = self.topology.node(node_name)
        socket_path = self._edge_socket(node_name)
        socket_path.parent.mkdir(exist_ok=True)
        config = socket_path.parent / "edge.yaml"
        document = edge_files.edge_config(self.topology, node, socket_path, self._link_secrets())
        if self.topology.controllers:
            document = self.control_plane.edge_config(document, node)
        config.write_text(edge_files.to_yaml(document))
        argv = edge_files.edge_command(self.build, self.name, node, config, self.topology)
        self._start(node_name, node_name, argv)

    def _link_secrets(self) -> Path:
        """The file with the one secret of this lab's fleet, made when the first node starts."""
        path = self.folder / "secrets"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(f"fleet {secrets.token_hex(32)}\n")
        return path

    def _wait_for_edge(self, node: str) -> None:
        self.wait_until(node, lambda: edge_control.answers(self._edge_socket(node)))
        if self.topology.exception_taps:
            self.network.set_up_taps(self.topology.node(node))

    def start(self, name: str, member: str, argv: list[str]) -> None:
        """Starts a program of the lab's own under a name, at a node or host: process(), log() and down() know it."""
        if name in self.network.members() and name != member:
            raise LabError(f"{name!r} is a node or host; take another name")
        self._start(name, member, argv)

    def _wall_clock(self, node: str) -> WallClock:
        return WallClock(self.folder / f"{node}.clock")

    def _start(self, name: str, member: str, argv: list[str]) -> None:
        if any(node.name == member and node.own_clock for node in self.topology.nodes):
            argv = self._wall_clock(member).in_front_of(argv)
        process = processes.start(netns.inside(self.network.namespace(member), argv), self.log(name))
        self._state.processes[name] = process
        self._state.save()

    def wait_until(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Waits for a program that was started; one that ends instead, or takes too long, raises LabError."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_ready():
            tail = "\n".join(self.log(name).read_text(errors="replace").splitlines()[-20:])
            if not self._state.processes[name].is_alive():
                raise LabError(f"{name} ended while it started; its last words were:\n{tail}")
            if time.monotonic() > deadline:
                raise LabError(f"{name} did not become ready within {START_TIMEOUT_S:.0f} s; it said:\n{tail}")
            time.sleep(POLL_S)


def remove(name: str) -> None:
    """Takes a lab away, whatever is there of it: processes, namespaces, DPDK's files, its folder."""
    recorded = LabState.load(name)
    if recorded is not None:
        processes.end(list(recorded.processes.values()))
    namespaces = network.namespaces_of_lab(name)
    # What else runs in the lab's namespaces: programs of `exec`, and what was started but not yet recorded.
    others = [ProcessId.of(pid) for namespace in namespaces for pid in netns.pids(namespace)]
    processes.end([process for process in others if process is not None])
    netns.delete(namespaces)
    edge_files.remove_dpdk_files(name)
    shutil.rmtree(state.folder_of(name), ignore_errors=True)
    if state.ROOT.is_dir() and not state.recorded_labs():
        state.ROOT.rmdir()


def remove_abandoned_labs() -> None:
    """Removes the labs whose program was killed while they belonged to it."""
    for name in state.recorded_labs():
        recorded = LabState.load(name)
        if recorded is not None and recorded.is_abandoned():
            remove(name)
