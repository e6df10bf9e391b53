"""A whole izar overlay on one machine: network namespaces, veth pairs, real processes, an emulated WAN.

    with Lab(load_topology("six-cities.yaml")) as lab:
        lab.run("client", ["curl", "http://10.99.0.80/"])
        lab.set_link("fra", "sin", delay_ms=200)
"""

from izar_lab.errors import LabError
from izar_lab.lab import Lab
from izar_lab.topology import Topology, load_topology

__all__ = ["Lab", "LabError", "Topology", "load_topology"]
