"""conftest.py -- Packets as captures, and captures as fields, by programs that are not izar's."""

import subprocess
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def decode(tmp_path):
    """decode(payloads, port, fields, *options) -> for each UDP payload its fields as tshark reads them."""

    def run(payloads: list[bytes], port: int, fields: list[str], *options: str) -> list[dict[str, str]]:
        frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="192.0.2.1", dst="192.0.2.2")
        file = tmp_path / "packets.pcap"
        wrpcap(str(file), [frame / UDP(sport=50000, dport=port, chksum=0) / payload for payload in payloads])
        columns = [word for field in fields for word in ("-e", field)]
        argv = ["tshark", "-n", *options, "-r", str(file), "-T", "fields", *columns]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        assert "Lua: Error" not in done.stderr, done.stderr
        return [dict(zip(fields, line.split("\t"))) for line in done.stdout.splitlines()]

    return run
