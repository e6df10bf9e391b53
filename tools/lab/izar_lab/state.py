"""What is written down about a lab in /run/izar-lab/NAME, so that another process can use or remove it.

Written before a thing is made, not after: what a killed run leaves is found. Namespaces and DPDK's files carry the
lab's name and need no record.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from izar_lab.processes import ProcessId

ROOT = Path("/run/izar-lab")


@dataclass
class LabState:
    name: str
    build: str
    topology: dict[str, Any]
    # The process that will remove the lab when it ends; none once `izar-lab up` has left it running on its own.
    owner: ProcessId | None
    processes: dict[str, ProcessId] = field(default_factory=dict)  # "wan" and node names

    def is_abandoned(self) -> bool:
        return self.owner is not None and not self.owner.is_alive()

    def save(self) -> None:
        folder = folder_of(self.name)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = folder / "state.json.new"
        new.write_text(json.dumps(asdict(self), indent=1))
        os.replace(new, folder / "state.json")

    @staticmethod
    def load(name: str) -> LabState | None:
        """None when there is no lab of this name, or it was killed before it wrote anything."""
        try:
            record = json.loads((folder_of(name) / "state.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        owner = record["owner"]
        return LabState(
            name=record["name"],
            build=record["build"],
            topology=record["topology"],
            owner=ProcessId(**owner) if owner else None,
            processes={key: ProcessId(**value) for key, value in record["processes"].items()},
        )


def folder_of(name: str) -> Path:
    return ROOT / name


def recorded_labs() -> list[str]:
    return sorted(path.name for path in ROOT.iterdir()) if ROOT.is_dir() else []
