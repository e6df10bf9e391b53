"""STAMP between izar and scapy's implementation, each as the other's peer; both sides' packets read by tshark as TWAMP-Test."""

import subprocess
from pathlib import Path

import pytest
from scapy.contrib.stamp import (
    ErrorEstimate,
    STAMPSessionReflectorTestUnauthenticated,
    STAMPSessionSenderTestUnauthenticated,
    STAMPTestTLV,
)
from scapy.layers.inet import UDP

PORT = 862
AS_TWAMP_TEST = ("-d", f"udp.port=={PORT},twamp.test")
WALL_S = 1_700_000_000  # the reflector's clock in stamp_peer
NTP_1970 = 2_208_988_800


@pytest.fixture
def ask(build: Path):
    """ask(lines) -> the answers of tests/wire/stamp_peer."""

    def run(*lines: str) -> list[str]:
        program = build / "tests" / "wire" / "stamp_peer"
        text = "\n".join(lines) + "\n"
        return subprocess.run([program], input=text, capture_output=True, text=True, check=True).stdout.splitlines()

    return run


def scapy_probe(**fields) -> bytes:
    estimate = ErrorEstimate(S=1, Z=0, scale=12, multiplier=140)
    packet = STAMPSessionSenderTestUnauthenticated(seq=7, ts=3_900_000_000.5, err_estimate=estimate, ssid=513, **fields)
    return bytes(UDP(dport=PORT) / packet)[8:]


def test_scapy_reads_what_the_reflector_answers(ask) -> None:
    reply = bytes.fromhex(ask(f"reflect 63 {scapy_probe().hex()}")[0])
    assert len(reply) == 44
    read = UDP(bytes(UDP(sport=PORT, dport=9)) [:4] + (8 + 44).to_bytes(2, "big") + b"\0\0" + reply)
    read = read[STAMPSessionReflectorTestUnauthenticated]
    assert (read.seq, read.seq_sender, read.ssid, read.ttl_sender) == (7, 7, 513, 63)
    assert read.ts_sender == 3_900_000_000.5
    assert (read.err_estimate_sender.S, read.err_estimate_sender.scale, read.err_estimate_sender.multiplier) == (1, 12, 140)
    assert float(read.ts_rx) == pytest.approx(WALL_S + NTP_1970, abs=1e-6)
    assert float(read.ts) - float(read.ts_rx) == pytest.approx(0.002, abs=1e-6)
    assert read.err_estimate.S == 0 and read.err_estimate.Z == 0 and read.err_estimate.multiplier > 0
    assert (read.mbz1, read.mbz2) == (0, 0)


def test_tlvs_come_back(ask) -> None:
    probe = scapy_probe() + bytes(STAMPTestTLV(type=1, len=8, value=b"padding!"))
    reply = bytes.fromhex(ask(f"reflect 64 {probe.hex()}")[0])
    assert len(reply) == len(probe)
    assert reply[44:] == probe[44:]


def test_the_sender_takes_scapys_reply(ask) -> None:
    first = STAMPSessionSenderTestUnauthenticated(bytes.fromhex(ask("probe")[0]))
    assert (first.seq, first.ssid) == (0, 0x4242)
    assert first.err_estimate.multiplier > 0
    assert float(first.ts) == pytest.approx(WALL_S + NTP_1970, abs=1e-6)
    reply = STAMPSessionReflectorTestUnauthenticated(
        seq=99, ts=10.030, err_estimate=ErrorEstimate(multiplier=1), ssid=first.ssid, ts_rx=10.000,
        seq_sender=first.seq, ts_sender=first.ts, err_estimate_sender=first.err_estimate, ttl_sender=255)
    rtt_ns = int(ask("probe", f"reply {bytes(reply).hex()}")[1])
    assert rtt_ns == pytest.approx(20e6, abs=2e3), "away for 50 ms, held for 30"


def test_twamp_light_is_answered_within_its_length(ask) -> None:
    """RFC 5357's sender packet: sequence, time, error estimate and padding; its reply needs 41 bytes."""
    sender = (5).to_bytes(4, "big") + bytes(8) + b"\x80\x01"
    short, long = sender + bytes(26), sender + bytes(27)
    assert ask(f"reflect 255 {short.hex()}") == ["none"]
    assert len(bytes.fromhex(ask(f"reflect 255 {long.hex()}")[0])) == 41


def test_tshark_reads_both_as_twamp_test(ask, decode) -> None:
    probe = bytes.fromhex(ask("probe")[0])
    reply = bytes.fromhex(ask(f"reflect 61 {scapy_probe().hex()}")[0])
    fields = ["twamp.test.seq_number", "twamp.test.sender_seq_number", "twamp.test.sender_ttl",
              "twamp.test.error_estimate.multiplier", "twamp.test.error_estimate.scale", "_ws.malformed"]
    (read,) = decode([probe], PORT, fields, *AS_TWAMP_TEST)
    assert read["twamp.test.seq_number"] == "0" and read["_ws.malformed"] == ""
    (read,) = decode([reply], 50001, fields, "-d", "udp.port==50001,twamp.test")
    assert read["twamp.test.seq_number"] == "7" and read["_ws.malformed"] == ""
