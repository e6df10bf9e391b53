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
from izar_lab.topology import parse_topology  # noqa: E402


@pytest.fixture(scope="module")
def start_lab(build: Path) -> Iterator[Callable[[dict[str, Any]], Lab]]:
    """Brings up a lab that lives as long as the module."""
    with ExitStack() as stack:
        yield lambda document: stack.enter_context(Lab(parse_topology(document, ROOT), build=build))
