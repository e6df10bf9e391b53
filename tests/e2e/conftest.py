"""conftest.py -- Lets the tests import the lab and their own helpers, and gives each module its lab."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT / "tools" / "lab", ROOT / "tests" / "e2e"):
    sys.path.insert(0, str(folder))

from izar_lab import Lab  # noqa: E402
from izar_lab.control_plane import ControlPlane  # noqa: E402
from izar_lab.topology import parse_topology  # noqa: E402
from servers import Origin  # noqa: E402


def lab_starter(build: Path) -> Iterator[Callable[[dict[str, Any]], Lab]]:
    with ExitStack() as stack:
        yield lambda document: stack.enter_context(Lab(parse_topology(document, ROOT), build=build))


def origin_starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Origin]]:
    """Starts programs ("nginx", "dns", ...: the start_ methods of Origin) at a host of a lab; with `file_bytes`, nginx has a
    file.bin of that size."""
    with ExitStack() as stack:

        def start(lab: Lab, *programs: str, file_bytes: int = 0, host: str = "origin") -> Origin:
            origin = stack.enter_context(Origin(lab, host, tmp_path_factory.mktemp(host)))
            for program in programs:
                getattr(origin, f"start_{program}")()
            if file_bytes:
                origin.make_file("file.bin", file_bytes)
            return origin

        yield start


# What these start lives as long as the module, or as one test: a failure leaves hold-downs behind that outlast a lab's start.
start_lab = pytest.fixture(scope="module", name="start_lab")(lab_starter)
start_origin = pytest.fixture(scope="module", name="start_origin")(origin_starter)
start_fresh_lab = pytest.fixture(name="start_fresh_lab")(lab_starter)
start_fresh_origin = pytest.fixture(name="start_fresh_origin")(origin_starter)


@pytest.fixture(scope="module")
def plane(lab: Lab) -> ControlPlane:
    """Controllers and agents of the module's lab."""
    return lab.control_plane
