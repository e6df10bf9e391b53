"""STAMP probes to a node's own address, from an unmodified host: configured peers are answered, nobody else."""

import json

import pytest
import topologies
from izar_lab import Lab

# Sends a probe and prints what came back as hex, or "" after half a second of silence.
PROBE = """
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(float(sys.argv[3]))
s.connect((sys.argv[1], 862))
s.send(bytes.fromhex(sys.argv[2]))
try:
    print(s.recv(2048).hex())
except (TimeoutError, ConnectionRefusedError):
    print("")
"""
REQUEST = (41).to_bytes(4, "big") + bytes.fromhex("E9000001800000008C014242") + bytes(28)
ANSWER_S, SILENCE_S = "10", "0.5"


@pytest.fixture(scope="module")
def lab(start_lab) -> Lab:
    document = topologies.three_nodes("e2estamp", edge={"stamp": {"peers": ["10.1.0.10", "fd00:1::a"]}})
    return start_lab(document)


def ask(lab: Lab, host: str, address: str, request: bytes, patience_s: str) -> bytes:
    argv = ["/usr/bin/python3", "-c", PROBE, address, request.hex(), patience_s]
    return bytes.fromhex(lab.run(host, argv).stdout.strip())


@pytest.mark.parametrize("family", topologies.FAMILIES)
@pytest.mark.parametrize("size", [44, 1200])
def test_a_peer_is_answered_with_as_many_bytes(lab: Lab, family: str, size: int) -> None:
    request = REQUEST + bytes(size - len(REQUEST))
    reply = ask(lab, "client", lab.topology.lan_address("ams", family), request, ANSWER_S)
    assert len(reply) == size
    assert reply[:4] == reply[24:28] == request[:4]
    assert reply[14:16] == request[14:16]
    assert reply[28:38] == request[4:14]
    assert reply[40] == 64, "the host's TTL, no hop between"
    assert reply[4:12] >= reply[16:24], "it left when it came, or later"


def test_a_stranger_and_a_short_probe_get_nothing(lab: Lab) -> None:
    address = lab.topology.lan_address("ams")
    assert ask(lab, "near", address, REQUEST, SILENCE_S) == b""
    assert ask(lab, "client", address, REQUEST[:40], SILENCE_S) == b""
    drops = {row["name"]: row["packets"] for row in json.loads(lab.command("ams", "show drops json"))["drops"]}
    assert (drops["probe_stranger"], drops["probe_malformed"]) == (1, 1)


def test_nobody_is_answered_by_a_node_without_peers(start_lab) -> None:
    lab = start_lab(topologies.three_nodes("e2enostamp"))
    assert ask(lab, "client", lab.topology.lan_address("ams"), REQUEST, SILENCE_S) == b""
