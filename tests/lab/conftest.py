"""Tests of the lab need root and a build; IZAR_BUILD names the build directory (default: build-release)."""

import os
import sys
from pathlib import Path

import pytest

SOURCE_ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE_ROOT / "tools" / "lab"))

from izar_lab.topology import Topology, parse_topology  # noqa: E402

LAB_NAME = "labtest"


@pytest.fixture(scope="session")
def build() -> Path:
    return Path(os.environ.get("IZAR_BUILD", SOURCE_ROOT / "build-release")).resolve()


@pytest.fixture
def topology() -> Topology:
    return parse_topology(
        {
            "name": LAB_NAME,
            "seed": 11,
            "rtt": {"unit": "ms", "pairs": [["ams", "par", 10], ["ams", "sin", 200], ["par", "sin", 160]]},
            "nodes": [
                {"name": "ams", "region": "europe"},
                {"name": "par", "region": "europe"},
                {"name": "sin", "region": "asia"},
            ],
            "hosts": [{"name": "client", "node": "ams"}, {"name": "web", "node": "sin"}],
            "services": [
                {
                    "id": 1,
                    "name": "web",
                    "vip": "10.99.0.80",
                    "protocol": "tcp",
                    "ports": 80,
                    "egress": ["sin"],
                    "origins": [{"host": "web", "port": 8080}],
                }
            ],
        },
        SOURCE_ROOT,
    )
