"""The emulated WAN: izar-wan's configuration file and its control socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from izar_lab.errors import LabError
from izar_lab.links import LinkSettings
from izar_lab.topology import Topology

ANSWER_TIMEOUT_S = 5.0


def configuration(topology: Topology, socket_path: Path) -> dict[str, Any]:
    names = [node.name for node in topology.nodes]
    return {
        "seed": topology.seed,
        "socket": str(socket_path),
        "ports": [{"name": name, "interface": name} for name in names],
        "links": [
            {"source": a, "destination": b, "delay_ms": topology.one_way_ms(a, b), **topology.link_defaults}
            for a in names
            for b in names
            if a != b
        ],
    }


class WanControl:
    """Talks to a running izar-wan; one connection per request, so that nothing is left open."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path

    def set_link(self, source: str, destination: str, settings: LinkSettings) -> None:
        self._ask({"op": "set", "source": source, "destination": destination, **settings})

    def show(self) -> dict[str, Any]:
        return self._ask({"op": "show"})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(ANSWER_TIMEOUT_S)
                connection.connect(str(self._path))
                connection.sendall(json.dumps(request).encode() + b"\n")
                with connection.makefile() as answers:
                    answer = json.loads(answers.readline())
        except (OSError, ValueError) as error:
            raise LabError(f"izar-wan does not answer at {self._path}: {error}. Is the lab up?") from error
        if not answer["ok"]:
            raise LabError(answer["error"])
        return answer
