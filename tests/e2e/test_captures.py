"""test_captures.py -- What travels, decoded by tshark: GENEVE with our option on the WAN, ordinary packets on LANs.

Every test runs in both security modes; where they differ it says what each is to show.
"""

import functools
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import clients
import pytest
import topologies
from izar_lab import Lab
from observe import wait_for_path
from servers import DNS_NAME, Origin
from topologies import FAMILIES, RELAYED, url, vip

# tshark leaves these unread by default.
VERIFY = [word for name in ("ip", "tcp", "udp") for word in ("-o", f"{name}.check_checksum:TRUE")]
# A relay's port carries each segment twice, in and out, which tshark's reassembly of streams calls an overlap and malformed.
EACH_BY_ITSELF = ["-o", "tcp.desegment_tcp_streams:FALSE"]
CHECKSUMS = [f"{name}.checksum.status" for name in ("ip", "tcp", "udp", "icmp", "icmpv6")]
TCP_STATUS = CHECKSUMS[1]
BAD, GOOD = "0", "1"
FIELDS = [
    "frame.protocols", "_ws.malformed", "ip.src", "ip.dst", "udp.dstport", "tcp.srcport", "tcp.flags.syn",
    "tcp.flags.ack", "tcp.options.mss_val", "geneve.proto_type", "geneve.vni", "geneve.option.class", "geneve.option.type.critical", "tcp.checksum",
    "tcp.checksum_calculated", *CHECKSUMS,
]
SIDES = [("ams", "lan0"), ("ams", "wan0"), ("fra", "wan0"), ("sin", "wan0"), ("sin", "lan0")]
WAN_SIDES = [side for side in SIDES if side[1] == "wan0"]
SYN, SYN_ACK = ("1", "0"), ("1", "1")
SEALED_TYPE = 0x88B5
PIECE_BYTES, PIECE_EVERY = 16, 500
Packet = dict[str, str]  # by field; several values, of an outer and an inner header, are separated by commas


@contextmanager
def capturing(lab: Lab, node: str, interface: str, file: Path) -> Iterator[None]:
    """All whole packets that pass inside the block are in the file after it."""
    argv = ["tcpdump", "-Z", "root", "--immediate-mode", "-U", "-B", "65536", "-n", "-i", interface, "-w", str(file)]
    program = lab.popen(node, argv, stderr=subprocess.PIPE)
    assert program.stderr is not None
    while "listening" not in program.stderr.readline():
        assert program.poll() is None, "tcpdump ended before it listened"
    yield
    program.terminate()
    _, told = program.communicate(timeout=20)
    assert "0 packets dropped by kernel" in told.splitlines(), told


@dataclass(frozen=True)
class Captures:
    """A folder of captures NODE-INTERFACE.pcap of the same little traffic in both families."""

    folder: Path
    underlay: str
    security: str
    downloaded: bytes

    def file(self, node: str, interface: str) -> Path:
        return self.folder / f"{node}-{interface}.pcap"


@pytest.fixture(scope="module", params=[(family, mode) for mode in ("aes-gcm", "none") for family in FAMILIES],
                ids=lambda param: "-".join(param))
def captures(request, start_lab, tmp_path_factory) -> Captures:
    underlay, security = request.param
    name = f"e2ecap{underlay[-1]}{security[0]}"
    lab = start_lab(topologies.three_nodes(name, underlay=underlay, edge={"security": security}))
    wait_for_path(lab, RELAYED)
    folder = tmp_path_factory.mktemp("captures")
    with Origin(lab, "origin", folder / "origin") as origin, ExitStack() as stack:
        origin.start_nginx()
        origin.start_dns()
        content = origin.make_file("file.bin", 200_000).read_bytes()
        for node, interface in SIDES:
            stack.enter_context(capturing(lab, node, interface, folder / f"{node}-{interface}.pcap"))
        for family in FAMILIES:
            clients.curl(lab, "-o", "/dev/null", url(family, "file.bin"))
            assert clients.dig(lab, vip(family), DNS_NAME, "A") != ""
            assert clients.ping(lab, vip(family)) == 5
    return Captures(folder, underlay, security, content)


def packets(captures: Captures, node: str, interface: str) -> list[Packet]:
    return _decode(captures.file(node, interface))


@functools.cache
def _decode(file: Path) -> list[Packet]:
    columns = [word for field in FIELDS for word in ("-e", field)]
    argv = ["tshark", "-n", "-r", str(file), *VERIFY, *EACH_BY_ITSELF, "-T", "fields", *columns]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    return [dict(zip(FIELDS, line.split("\t"))) for line in lines]


def protocols(packet: Packet) -> list[str]:
    return packet["frame.protocols"].split(":")


def flags(packet: Packet) -> tuple[str, str]:
    return packet["tcp.flags.syn"], packet["tcp.flags.ack"]


@pytest.mark.parametrize("side", WAN_SIDES, ids="-".join)
def test_wan_carries_geneve_with_our_option(captures: Captures, side: tuple[str, str]) -> None:
    overlay = [packet for packet in packets(captures, *side) if "geneve" in protocols(packet)]
    assert len(overlay) > 500
    for packet in overlay:
        assert packet["udp.dstport"].split(",")[0] == "6081"
        assert (int(packet["geneve.option.class"], 16), packet["geneve.option.type.critical"]) == (0xFF1A, "1")
    others = [packet for packet in packets(captures, *side) if "geneve" not in protocols(packet)]
    assert all(protocols(packet)[-1] in ("arp", "icmpv6") for packet in others)


@pytest.mark.parametrize("side", SIDES, ids="-".join)
def test_nothing_is_malformed(captures: Captures, side: tuple[str, str]) -> None:
    assert [packet for packet in packets(captures, *side) if packet["_ws.malformed"]] == []


@pytest.mark.parametrize("side", WAN_SIDES, ids="-".join)
def test_plaintext_travels_only_where_it_was_asked_for(captures: Captures, side: tuple[str, str]) -> None:
    """Sealed: neither the file, nor requests, nor a packet that says that it is plain. Clear: the search finds it all."""
    raw = captures.file(*side).read_bytes()
    assert len(raw) > 2 * len(captures.downloaded)
    found = pieces_found(raw, captures.downloaded)
    words = {word for word in (b"HTTP/1.1", b"GET /", b"\x06origin\x07example") if word in raw}
    kinds = {int(packet["geneve.proto_type"], 16) for packet in packets(captures, *side) if "geneve" in protocols(packet)}
    if captures.security == "aes-gcm":
        assert (found, words, kinds) == (0, set(), {SEALED_TYPE})
    else:
        assert found > 0.9 * len(captures.downloaded) / PIECE_EVERY
        assert len(words) == 3
        assert kinds == {0x0800, 0x86DD, SEALED_TYPE}, "plain packets and keep-alives"


def pieces_found(raw: bytes, content: bytes) -> int:
    """Of the pieces at regular distances, how many occur; some span two packets."""
    return sum(content[at:at + PIECE_BYTES] in raw for at in range(0, len(content), PIECE_EVERY))


def test_wan_carries_the_service_as_vni(captures: Captures) -> None:
    """It is authenticated, and not secret. In the clear the clients' packets are seen inside, to the VIP."""
    used = {each["id"] for each in topologies.services(["sin"]) if each["name"][:-1] in ("web", "dnsudp", "echo")}
    decoded = [packet for packet in packets(captures, "fra", "wan0") if packet["geneve.vni"]]
    assert {int(packet["geneve.vni"], 16) for packet in decoded} == used | {0}
    if captures.security == "none":
        to_vip = [packet for packet in decoded if packet["ip.dst"].endswith(vip("ipv4")) and "tcp" in protocols(packet)]
        web = next(each["id"] for each in topologies.services(["sin"]) if each["name"] == "web4")
        assert {int(packet["geneve.vni"], 16) for packet in to_vip} == {web}


def has_bad_checksum(packet: Packet) -> bool:
    """In one's complement ffff is zero, too (RFC 1071), and Linux sends it as checksum of one TCP segment in 65,536 over IPv6."""
    same_zero = (packet["tcp.checksum"], packet["tcp.checksum_calculated"]) == ("0xffff", "0x0000")
    return any(BAD in packet[name].split(",") for name in CHECKSUMS if not (same_zero and name == TCP_STATUS))


# A client's acknowledgment, as its Linux sent it.
OTHER_ZERO = bytes.fromhex(
    "021a0000000142b55015fcca86dd600504ef00200640fd00000100000000000000000000000afd99000000000000000000000000"
    "00809bb40050a9ed324a98936f338010007fffff00000101080a68e7a80787106316")


@pytest.mark.parametrize(("frame", "bad"), [(OTHER_ZERO, False), (OTHER_ZERO[:-1] + b"\x17", True)])
def test_the_other_zero_is_no_bad_checksum(tmp_path: Path, frame: bytes, bad: bool) -> None:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + struct.pack("<IIII", 0, 0, len(frame), len(frame))
    (tmp_path / "one.pcap").write_bytes(head + frame)
    (packet,) = _decode(tmp_path / "one.pcap")
    assert packet[TCP_STATUS] == BAD and has_bad_checksum(packet) == bad


@pytest.mark.parametrize("side", SIDES, ids="-".join)
def test_every_checksum_is_right(captures: Captures, side: tuple[str, str]) -> None:
    decoded = packets(captures, *side)
    assert [packet for packet in decoded if has_bad_checksum(packet)] == []
    # They were verified indeed. What is sealed shows none but the outer header's.
    visible = CHECKSUMS if side not in WAN_SIDES or captures.security == "none" else CHECKSUMS[:1]
    if captures.underlay == "ipv6" and visible != CHECKSUMS:
        visible = []
    for name in visible:
        assert any(GOOD in packet[name].split(",") for packet in decoded), name


@pytest.mark.parametrize("node", ["ams", "sin"])
def test_lans_see_ordinary_packets(captures: Captures, node: str) -> None:
    decoded = packets(captures, node, "lan0")
    seen = {protocol for packet in decoded for protocol in protocols(packet)}
    assert seen >= {"ip", "ipv6", "tcp", "http", "dns", "icmp", "icmpv6"}
    assert "geneve" not in seen
    assert all(packet["udp.dstport"] != "6081" for packet in decoded)


def test_origin_sees_the_egress_and_client_the_vip(captures: Captures) -> None:
    syns = [packet for packet in packets(captures, "sin", "lan0") if flags(packet) == SYN and packet["ip.src"]]
    assert {packet["ip.src"] for packet in syns} == {"10.3.0.1"}
    answers = [packet for packet in packets(captures, "ams", "lan0") if packet["tcp.srcport"] == "80" and packet["ip.src"]]
    assert {packet["ip.src"] for packet in answers} == {vip("ipv4")}


@pytest.mark.parametrize("family", FAMILIES)
def test_mss_is_clamped_to_the_path(captures: Captures, family: str) -> None:
    """Both ends offer 1,500 bytes less headers, and hear from each other what fits into the overlay."""
    headers = 40 if family == "ipv4" else 60

    def mss(node: str, kind: tuple[str, str]) -> set[int]:
        of_family = [packet for packet in packets(captures, node, "lan0") if bool(packet["ip.src"]) == (family == "ipv4")]
        return {int(packet["tcp.options.mss_val"]) for packet in of_family if flags(packet) == kind}

    assert mss("ams", SYN) == mss("sin", SYN_ACK) == {1500 - headers}
    overhead = 108 if captures.underlay == "ipv6" else 88
    assert mss("sin", SYN) == mss("ams", SYN_ACK) == {1500 - overhead - headers}
