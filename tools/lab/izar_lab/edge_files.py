"""izar-edge in the lab: its edge.yaml, its command line, and the files that DPDK leaves behind."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from izar_lab import addresses
from izar_lab.errors import LabError
from izar_lab.topology import Node, Topology

MEMORY_MB = 128  # of DPDK's own, per node: packet buffers; flow tables are not in it
HUGEPAGE_BYTES = 2 << 20
DPDK_RUNTIME = Path("/var/run/dpdk")
HUGETLBFS = Path("/dev/hugepages")


def edge_config(topology: Topology, node: Node, socket_path: Path, secrets: Path) -> dict[str, Any]:
    document: dict[str, Any] = {
        "node": {"id": node.id, "name": node.name},
        "security": "aes-gcm",
        "secrets": {"file": str(secrets)},
        "idle": "sleep",
        "lcores": 1,
        "control_socket": str(socket_path),
        "memory": {"flows": 65536, "flows_ipv6": 16384, "packet_buffers": 16384},
        "ports": [
            _port(topology, "wan", lambda family: addresses.wan(node.id, family)),
            _port(topology, "lan", lambda family: topology.lan_address(node.name, family)),
        ],
        "overlay": {"port": "wan"},
        "egress_addresses": [topology.lan_address(node.name, family) for family in ("ipv4", "ipv6")],
        "nodes": [
            {
                "id": each.id,
                "name": each.name,
                "region": each.region,
                "address": addresses.wan(each.id, topology.underlay),
            }
            for each in topology.nodes
        ],
        "services": topology.services,
    }
    return document | topology.edge


class _PlainDumper(yaml.SafeDumper):
    """Writes what occurs twice twice: edge.yaml has no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def to_yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_PlainDumper, sort_keys=False, default_flow_style=None, width=120)


def _port(topology: Topology, name: str, address: Callable[[str], str]) -> dict[str, Any]:
    tap = {"exception_tap": addresses.tap(name)} if topology.exception_taps else {}
    return {
        "name": name,
        # Past the queueing discipline, the driver's default, tcpdump sees only what comes in.
        "device": f"net_af_packet,iface={name}0,qdisc_bypass=0",
        "mtu": addresses.MTU,
        "addresses": [
            f"{address(family)}/{addresses.prefix_bits(family)}" for family in ("ipv4", "ipv6")
        ],
        **tap,
    }


def file_prefix(lab: str, node: str) -> str:
    return f"izar-{lab}-{node}"


def edge_command(build: Path, lab: str, node: Node, config: Path, topology: Topology) -> list[str]:
    memory = ["-m", str(MEMORY_MB)]
    nodes = len(topology.nodes)
    if not _hugepages_suffice(nodes):
        memory.append("--no-huge")
    eal = [*memory, "--no-pci", "--file-prefix", file_prefix(lab, node.name)]
    cpus = sorted(os.sched_getaffinity(0))
    if nodes > len(cpus):
        # Each node alone would pin its lcore to the best core, and all of them to the same: let them float.
        anywhere = ",".join(str(cpu) for cpu in cpus)
        threads = range(topology.edge.get("lcores", 1) + 1)
        eal.append("--lcores=" + ",".join(f"{thread}@({anywhere})" for thread in threads))
    return [str(find_program(build, "izar-edge")), *eal, "--", "--config", str(config)]


def find_program(build: Path, name: str) -> Path:
    """A program of the build directory, wherever its folder is."""
    found = [path for path in sorted(build.glob(f"tools/*/{name}")) if os.access(path, os.X_OK) and path.is_file()]
    if not found:
        raise LabError(f"{build} has no {name}; build it first (meson setup {build} && ninja -C {build})")
    return found[0]


def remove_dpdk_files(lab: str) -> None:
    for folder in glob.glob(f"{DPDK_RUNTIME}/izar-{lab}-*"):
        shutil.rmtree(folder, ignore_errors=True)
    for page in glob.glob(f"{HUGETLBFS}/izar-{lab}-*map_*"):
        Path(page).unlink(missing_ok=True)


def _hugepages_suffice(nodes: int) -> bool:
    try:
        free = int(Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages").read_text())
    except OSError:
        return False
    return os.path.ismount(HUGETLBFS) and free * HUGEPAGE_BYTES >= nodes * (MEMORY_MB << 20)
