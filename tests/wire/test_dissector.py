"""tools/wireshark/izar.lua on packets as the encoder writes them: each field has the value that was put into it."""

import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

GOLDEN = Path(__file__).parent / "golden_packets.txt"
SCRIPT = ROOT / "tools" / "wireshark" / "izar.lua"
PORT = 6081

OPTION = {
    "izar.t_tx": "4000000001", "izar.t_echo": "3999000000", "izar.t_hold": "250000", "izar.lcore": "3",
    "izar.number": str(0x010203040506), "izar.sender": "17", "izar.ingress": "5", "izar.segment": "",
    "izar.epoch": "0x00", "izar.flags": "0x00",
}
NOT_SEALED = {"izar.sealed": "", "izar.tag": ""}
KEEP_ALIVE = {"izar.control.kind": "1", "izar.control.version": "1", "izar.keep_alive.interval_us": "10000",
              "izar.keep_alive.multiplier": "3", "izar.keep_alive.sent": "1234567",
              "izar.keep_alive.probe": "513", "izar.keep_alive.heard_probe": "512"}


def rising(first: int, length: int) -> str:
    return bytes(range(first, first + length)).hex()


EXPECTED = {
    "plain": OPTION | NOT_SEALED | {
        "geneve.vni": "0x0a0b0c", "izar.segment": "9,11", "izar.flags": "0x09", "izar.flags.repaired": "1",
        "izar.flags.second_chance": "0", "izar.flags.duplicate": "0", "izar.flags.reply": "1",
        "frame.protocols": "eth:ethertype:ip:udp:izar:geneve:ip:data", "izar.control.kind": "",
    },
    "sealed": OPTION | {
        "izar.epoch": "0x5f", "izar.epoch.session": "2", "izar.epoch.number": "31", "izar.sealed": rising(0xC0, 24),
        "izar.tag": rising(0xC0 + 24, 16), "_ws.col.Info": "packet, sealed, of node 17",
    },
    "duplicate": OPTION | NOT_SEALED | {
        "geneve.vni": "0x000007", "izar.flags": "0x04", "izar.flags.duplicate": "1", "izar.duplicate.origin": "5",
        "izar.duplicate.sequence": str(0x1122334455667788), "ip.proto": "17,253", "izar.control.kind": "",
    },
    "duplicate_sealed": OPTION | {
        "izar.epoch": "0x5f", "izar.flags": "0x04", "izar.duplicate.origin": "", "izar.sealed": rising(0xC0, 36),
        "izar.tag": rising(0xC0 + 36, 16), "_ws.col.Info": "packet, sealed, of node 17",
    },
    "keep_alive": OPTION | NOT_SEALED | KEEP_ALIVE | {
        "izar.t_hold": str(0xFFFFFFFF), "izar.t_echo": "", "izar.control.length": "24", "izar.keep_alive.deaf": "0",
        "izar.keep_alive.items": "0", "izar.row.node": "", "izar.padding": "", "_ws.col.Info": "keep-alive, of node 17",
    },
    "keep_alive_deaf": OPTION | NOT_SEALED | KEEP_ALIVE | {
        "izar.control.length": "44", "izar.keep_alive.deaf": "1", "izar.keep_alive.items": "2", "izar.row.node": "3,4",
        "izar.row.loss": "655,0", "izar.row.rtt_us": f"42000,{0xFFFFFFFF}", "izar.row.mtu": "1500,0", "izar.padding": "00" * 8,
        "_ws.col.Info": "keep-alive, deaf, of node 17",
    },
    "handshake": OPTION | {
        "izar.epoch": "0xff", "izar.epoch.session": "", "izar.control.kind": "2", "izar.control.length": "104",
        "izar.handshake.number": "1", "izar.handshake.mark": "112233", "izar.handshake.ephemeral": rising(1, 32),
        "izar.handshake.encrypted": rising(33, 48), "izar.tag": rising(81, 16), "izar.sealed": "",
    },
    "keep_alive_sealed": OPTION | {
        "izar.epoch": "0x20", "izar.epoch.session": "1", "izar.control.kind": "", "izar.sealed": rising(0x80, 24),
        "izar.tag": rising(0x80 + 24, 16), "_ws.col.Info": "control message, sealed, of node 17",
    },
    "path_probe": OPTION | NOT_SEALED | {
        "izar.segment": "9", "izar.control.kind": "3", "izar.control.length": "20", "izar.path_probe.far_end": "9",
        "izar.path_probe.number": "700", "izar.path_probe.t_sent": "4000000001", "izar.path_probe.watch": "1",
        "izar.path_probe.answer": "1", "izar.path_probe.back": "17,5", "_ws.col.Info": "path probe, answer, of node 17",
    },
    "control_cut_short": OPTION | NOT_SEALED | {"izar.control.kind": "", "_ws.expert.message": "No overlay packet that izar would take"},
}


def golden() -> dict[str, bytes]:
    return {name: bytes.fromhex(text) for name, text in (line.split() for line in GOLDEN.read_text().splitlines())}


def test_golden_packets_are_what_the_encoder_writes(build: Path) -> None:
    written = subprocess.run([build / "tests" / "wire" / "golden_packets"], capture_output=True, text=True, check=True)
    assert written.stdout == GOLDEN.read_text()


@pytest.mark.parametrize("name", EXPECTED)
def test_every_field_is_read(name: str, decode) -> None:
    expected = EXPECTED[name]
    decoded = decode([golden()[name]], PORT, list(expected), "-X", f"lua_script:{SCRIPT}")
    assert decoded == [expected]


def test_every_golden_packet_is_expected() -> None:
    assert list(golden()) == list(EXPECTED)


def test_every_truncation_is_survived(decode) -> None:
    """No Lua error, and nothing but whole headers is called izar's."""
    packets = [whole[:length] for whole in golden().values() for length in range(len(whole))]
    decoded = decode(packets, PORT, ["udp.length", "izar.sender"], "-X", f"lua_script:{SCRIPT}")
    assert len(decoded) == len(packets)
    assert all((row["izar.sender"] == "17") == (len(packet) >= 44) for row, packet in zip(decoded, packets))


def test_other_geneve_packets_are_left_alone(decode) -> None:
    foreign = bytes.fromhex("0240655800000700" "0104000100000001") + bytes(64)
    decoded = decode([foreign], PORT, ["geneve.vni", "geneve.option.class", "izar.sender"], "-X", f"lua_script:{SCRIPT}")
    assert decoded == [{"geneve.vni": "0x000007", "geneve.option.class": "0x0104", "izar.sender": ""}]
