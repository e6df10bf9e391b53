"""What `izar-lab status` tells."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from izar_lab import addresses
from izar_lab.lab import Lab
from izar_lab.processes import ProcessId


def status_document(lab: Lab) -> dict[str, Any]:
    """Keys: docs/lab.md."""
    shown = lab.wan.show() if lab.process("wan") else {"links": [], "ports": []}
    return {
        "name": lab.name,
        "underlay": lab.topology.underlay,
        "wan": {"pid": _pid(lab.process("wan")), "ports": shown["ports"]},
        "controller": {"pid": _pid(lab.process("controller"))},
        "nodes": [
            {
                "name": node.name,
                "region": node.region,
                "namespace": lab.network.namespace(node.name),
                "pid": _pid(lab.process(node.name)),
                "agent_pid": _pid(lab.process(f"agent-{node.name}")),
                "cpu_seconds": _cpu_seconds(lab.process(node.name)),
                "wan_address": addresses.wan(node.id, lab.topology.underlay),
            }
            for node in lab.topology.nodes
        ],
        "hosts": [
            {
                "name": host.name,
                "node": host.node,
                "namespace": lab.network.namespace(host.name),
                "ipv4": lab.topology.host_address(host.name, "ipv4"),
                "ipv6": lab.topology.host_address(host.name, "ipv6"),
            }
            for host in lab.topology.hosts
        ],
        "links": shown["links"],
    }


def print_status(document: dict[str, Any]) -> None:
    print(f"lab {document['name']}, underlay {document['underlay']}, emulator {document['wan']['pid'] or 'not running'}")
    print(f"\n{'node':14}{'region':14}{'izar-edge':>12}{'CPU s':>9}  address")
    for node in document["nodes"]:
        pid = node["pid"] or "not running"
        cpu = "" if node["cpu_seconds"] is None else f"{node['cpu_seconds']:.1f}"
        print(f"{node['name']:14}{node['region']:14}{pid:>12}{cpu:>9}  {node['wan_address']}")
    print(f"\n{'host':14}{'at':14}addresses")
    for host in document["hosts"]:
        print(f"{host['name']:14}{host['node']:14}{host['ipv4']} {host['ipv6']}")
    _print_delays(document)


def _print_delays(document: dict[str, Any]) -> None:
    names = [node["name"] for node in document["nodes"]]
    links = {(link["source"], link["destination"]): link for link in document["links"]}
    print("\none-way delay in ms (- down, ! with loss)")
    print(" " * 13 + "".join(f"{name:>13}" for name in names))
    for a in names:
        cells = []
        for b in names:
            link = links.get((a, b))
            text = "" if link is None else "-" if not link["up"] else f"{link['delay_ms']:.1f}"
            cells.append(text + ("!" if link is not None and link["loss"] > 0 else ""))
        print(f"{a:13}" + "".join(f"{cell:>13}" for cell in cells))


def _pid(process: ProcessId | None) -> int | None:
    return process.pid if process else None


def _cpu_seconds(process: ProcessId | None) -> float | None:
    if process is None:
        return None
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
