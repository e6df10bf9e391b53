"""The wall clock of one node, apart from the machine's: libfaketime stands between its programs and the C library.

Only the wall clock jumps. What measures spans of time (CLOCK_MONOTONIC, the processor's counter) runs on, as on a machine
whose clock somebody sets.
"""

from __future__ import annotations

import os
from pathlib import Path

from izar_lab.errors import LabError

LIBRARIES = "/usr/lib"
LIBRARY = "faketime/libfaketime.so.1"
# The library leaves files in /dev/shm where its program is killed. This folder, of the program's own mount namespace (which
# `ip netns exec` gives it), goes with the program.
OWN_SHARED_MEMORY = 'mount -t tmpfs none /dev/shm && exec "$@"'


class WallClock:
    """`path` is the file in which the programs look up how far their clock is ahead, each time that they read it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def set_ahead(self, seconds: int) -> None:
        """Of the machine's clock, from now on; below 0: behind it."""
        new = self._path.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        os.replace(new, self._path)  # whole at any moment: somebody reads it just now

    def in_front_of(self, argv: list[str]) -> list[str]:
        """The command line that runs argv by this clock; the process that results is argv itself."""
        if not self._path.exists():
            self.set_ahead(0)
        told = {"LD_PRELOAD": find_library(), "FAKETIME_TIMESTAMP_FILE": str(self._path), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        return ["sh", "-c", OWN_SHARED_MEMORY, "-", "env", *(f"{name}={value}" for name, value in told.items()), *argv]


def find_library() -> str:
    found = sorted(Path(LIBRARIES).glob(f"*/{LIBRARY}"))
    if not found:
        raise LabError(f"{LIBRARY} is missing, which gives a node a clock of its own; tools/install installs it")
    return str(found[0])
