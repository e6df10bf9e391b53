"""STAMP: a node answers configured peers and nobody else, and itself probes another node and an unmodified host."""

import json
import subprocess

import pytest
import topologies
from izar_lab import Lab, addresses
from observe import wait_until

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

# A reflector by scapy's idea of RFC 8762, with a sequence and a clock of its own.
REFLECTOR = """
import socket, time
from scapy.contrib.stamp import STAMPSessionReflectorTestUnauthenticated as Reply
from scapy.contrib.stamp import STAMPSessionSenderTestUnauthenticated as Probe
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 8620))
print("ready", flush=True)
for sequence in range(1000000):
    data, peer = s.recvfrom(2048)
    came = time.time() + 2208988800
    probe = Probe(data)
    s.sendto(bytes(Reply(seq=sequence, ssid=probe.ssid, ts_rx=came, seq_sender=probe.seq, ts_sender=probe.ts,
                         err_estimate_sender=probe.err_estimate, ttl_sender=255, ts=time.time() + 2208988800)), peer)
"""
CLIENT = "10.1.0.10"
AMS = addresses.wan(1, "ipv4")
PROBES = [{"peer": CLIENT, "port": 8620, "interval": "20ms"}, {"peer": AMS, "interval": "20ms", "count": 50}]


@pytest.fixture(scope="module")
def lab(start_lab) -> Lab:
    peers = [CLIENT, "fd00:1::a", *(addresses.wan(node, "ipv4") for node in (1, 2, 3))]
    return start_lab(topologies.three_nodes("e2estamp", edge={"stamp": {"peers": peers}, "probes": PROBES}))


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


def session(lab: Lab, node: str, peer: str) -> dict:
    rows = json.loads(lab.command(node, "show probes json"))["probes"]
    return next((row for row in rows if row["peer"] == peer), {"over": False, "samples": 0})


def test_a_node_probes_another_nodes_reflector(lab: Lab) -> None:
    wait_until(lambda: session(lab, "sin", f"{AMS}:862")["over"], "fifty probes and their answers")
    row = session(lab, "sin", f"{AMS}:862")
    assert (row["sent"], row["asked_by"], row["count"]) == (50, "config", 50)
    assert row["samples"] + row["lost"] == 50
    assert row["samples"] > 0
    assert row["least_ms"] >= 40, "the direct link's RTT"
    assert row["rtt_ms"] >= row["least_ms"]


def test_a_node_probes_a_host_that_speaks_stamp(lab: Lab) -> None:
    host = f"{CLIENT}:8620"
    assert session(lab, "ams", host)["samples"] == 0, "nobody answers yet"
    reflector = lab.popen("client", ["/usr/bin/python3", "-c", REFLECTOR], stdout=subprocess.PIPE)
    try:
        assert reflector.stdout.readline() == "ready\n"
        wait_until(lambda: session(lab, "ams", host)["samples"] >= 10, "ten answers")
        row = session(lab, "ams", host)
        assert 0 < row["least_ms"] <= row["rtt_ms"]
        assert row["age_ms"] < 10_000
    finally:
        reflector.terminate()
        reflector.wait()


def test_nobody_is_answered_by_a_node_without_peers(start_lab) -> None:
    lab = start_lab(topologies.three_nodes("e2enostamp"))
    assert ask(lab, "client", lab.topology.lan_address("ams"), REQUEST, SILENCE_S) == b""
