"""izar-lab: the command line of the lab."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from izar_lab import lab as labs
from izar_lab import netns, state
from izar_lab.errors import LabError
from izar_lab.lab import Lab
from izar_lab.status import print_status, status_document
from izar_lab.topology import load_topology


def main(argv: list[str]) -> int:
    arguments = _parser().parse_args(argv)
    # SIGTERM and a closed terminal end a starting lab as cleanly as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        if os.geteuid() != 0:
            raise LabError("network namespaces need root; use sudo")
        return arguments.function(arguments) or 0
    except LabError as error:
        print(f"izar-lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _up(arguments: argparse.Namespace) -> None:
    lab = Lab(load_topology(arguments.topology), arguments.name, arguments.build, edges=not arguments.no_edges)
    lab.up()
    lab.release()
    print(f"lab {lab.name} is up: {len(lab.topology.nodes)} nodes, {len(lab.topology.hosts)} hosts")


def _down(arguments: argparse.Namespace) -> None:
    labs.remove_abandoned_labs()
    for name in [arguments.name] if arguments.name else state.recorded_labs():
        labs.remove(name)


def _status(arguments: argparse.Namespace) -> None:
    document = status_document(_lab(arguments))
    print(json.dumps(document)) if arguments.output == "json" else print_status(document)


def _exec(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise LabError("give a command after --, like: izar-lab exec client1 -- ping 10.99.0.1")
    inside = _lab(arguments).argv_inside(arguments.where, command)
    os.execvp(inside[0], inside)


def _link(arguments: argparse.Namespace) -> None:
    settings: dict[str, Any] = {
        key: value
        for key in ("delay", "jitter", "loss", "duplicate", "reorder", "rate", "queue", "mtu", "drop_every")
        if (value := getattr(arguments, key)) is not None
    }
    if arguments.up is not None:
        settings["up"] = arguments.up
    if not settings:
        raise LabError("say what to change: --delay, --jitter, --loss, --rate, --reorder, --duplicate, --mtu, --drop-every, --up or --down")
    _lab(arguments).set_link(arguments.a, arguments.b, arguments.one_way, **settings)


def _trace(arguments: argparse.Namespace) -> int:
    lab = _lab(arguments)
    lab.topology.node(arguments.node)
    if not netns.find_tool("tcpdump"):
        raise LabError("the program 'tcpdump' is missing; tools/install installs it")
    # Absolute, and written by root itself: tcpdump otherwise drops privileges and fails in private folders.
    capture = ["tcpdump", "-Z", "root", "-U", "-n", "-i", f"{arguments.side}0", "-w", str(arguments.file.absolute())]
    seconds = ["timeout", "--preserve-status", "-s", "INT", str(arguments.seconds)]
    return lab.run(arguments.node, [*seconds, *capture], capture_output=False, check=False).returncode


def _restart(arguments: argparse.Namespace) -> None:
    _lab(arguments).restart(arguments.node)


def _kill(arguments: argparse.Namespace) -> None:
    _lab(arguments).kill(arguments.node, signal.SIGKILL if arguments.hard else signal.SIGTERM)


def _lab(arguments: argparse.Namespace) -> Lab:
    if arguments.name:
        return Lab.attach(arguments.name)
    names = state.recorded_labs()
    if len(names) != 1:
        raise LabError(f"say which lab by --name; there are: {', '.join(names) or 'none'}")
    return Lab.attach(names[0])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="izar-lab", description="An izar overlay in network namespaces.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        return sub

    def named(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        sub = command(name, function, text)
        sub.add_argument("--name", help="which lab; needed when there are several")
        return sub

    up = command("up", _up, "Bring a topology up and leave it running.")
    up.add_argument("topology", type=Path)
    up.add_argument("--name", help="instead of the topology's own name")
    up.add_argument("--build", type=Path, help="build directory (default: build-release of the source tree)")
    up.add_argument("--no-edges", action="store_true", help="namespaces and WAN only, without izar-edge")
    down = command("down", _down, "Remove a lab, or all, with everything left by killed runs.")
    down.add_argument("name", nargs="?")
    status = named("status", _status, "Show nodes, hosts and links.")
    status.add_argument("-o", dest="output", choices=["table", "json"], default="table")
    execute = named("exec", _exec, "Run a command at a node or a host.")
    execute.add_argument("where", metavar="NODE|HOST")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD")
    link = named("link", _link, "Change the WAN between two nodes while it runs.")
    link.add_argument("a")
    link.add_argument("b")
    for key, text in (
        ("delay", "one way, like 80ms"),
        ("jitter", "like 1ms"),
        ("loss", "like 1%%"),
        ("duplicate", "like 0.1%%"),
        ("reorder", "like 0.1%%"),
        ("rate", "like 100mbit, or unlimited"),
        ("queue", "longest wait for the rate, like 50ms"),
        ("mtu", "drop longer IP packets without a word; 0: none"),
        ("drop-every", "drop every n-th packet; 0: none"),
    ):
        link.add_argument(f"--{key}", help=text)
    state_group = link.add_mutually_exclusive_group()
    state_group.add_argument("--up", action="store_true", default=None, help="carry packets again")
    state_group.add_argument("--down", action="store_false", dest="up", help="drop every packet")
    link.add_argument("--one-way", action="store_true", help="from the first to the second only")
    trace = named("trace", _trace, "Capture a node's packets into a pcap file.")
    trace.add_argument("node")
    trace.add_argument("file", type=Path)
    trace.add_argument("--side", choices=["wan", "lan"], default="wan")
    trace.add_argument("--seconds", type=float, default=10)
    restart = named("restart", _restart, "Start izar-edge of a node, or a program of the control plane, again.")
    restart.add_argument("node", metavar="NODE|controller|agent-NODE")
    kill = named("kill", _kill, "End izar-edge of a node, or a program of the control plane.")
    kill.add_argument("node", metavar="NODE|controller|agent-NODE")
    kill.add_argument("-9", dest="hard", action="store_true", help="by SIGKILL")
    return parser
