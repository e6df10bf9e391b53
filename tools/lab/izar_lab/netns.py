"""Network namespaces through iproute2. Everything a lab makes lives in namespaces named izl-LAB-..."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable

from izar_lab.errors import LabError

OFFLOADS = ["rx", "tx", "sg", "tso", "gso", "gro"]


def run(argv: list[str], text: str | None = None) -> str:
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def inside(namespace: str, argv: list[str]) -> list[str]:
    """The command line that runs argv in the namespace; the process that results is argv itself."""
    return ["ip", "netns", "exec", namespace, *argv]


def all_namespaces() -> list[str]:
    return [line.split()[0] for line in run(["ip", "netns", "list"]).splitlines() if line.strip()]


def create(namespaces: Iterable[str]) -> None:
    run(["ip", "-batch", "-"], "".join(f"netns add {namespace}\n" for namespace in namespaces))


def delete(namespaces: Iterable[str]) -> None:
    for namespace in namespaces:
        run(["ip", "netns", "delete", namespace])


def pids(namespace: str) -> list[int]:
    return [int(pid) for pid in run(["ip", "netns", "pids", namespace]).split()]


def batch(namespace: str | None, lines: list[str]) -> None:
    """Runs ip commands, one a line, in a namespace (None: this one)."""
    where = [] if namespace is None else ["-n", namespace]
    run(["ip", *where, "-batch", "-"], "\n".join(lines) + "\n")


def sysctl(namespace: str, settings: dict[str, int]) -> None:
    run(inside(namespace, ["sysctl", "-q", "-w", *(f"{key}={value}" for key, value in settings.items())]))


def offloads_off(namespace: str, interfaces: Iterable[str]) -> None:
    """Frames as they would be on a wire: full checksums, none longer than the MTU."""
    for interface in interfaces:
        run(inside(namespace, ["ethtool", "-K", interface, *(word for name in OFFLOADS for word in (name, "off"))]))


def find_tool(name: str) -> str | None:
    return shutil.which(name)
