#!/usr/bin/python3
"""Writes the seed files under tests/fuzz/corpus: the smallest inputs that reach each branch of a parser.

Made from the layouts that docs/wire.md draws, independently of the C++ code. Files that a fuzzer found
later lie beside the seeds and stay.
"""

import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def overlay_header(
    *, first=0x09, flags=0x40, protocol=0x0800, vni=1, option_class=0xFF1A, option_type=0x81, option_words=8,
    t_tx=0, t_echo=0, t_hold=0xFFFFFFFF, number=0, inner=b"",
) -> bytes:
    """An overlay packet's UDP payload; times in nanoseconds, `first` is the GENEVE version and option length."""
    geneve = struct.pack("!BBHI", first, flags, protocol, vni << 8)
    option = struct.pack("!HBB", option_class, option_type, option_words)
    body = struct.pack("!IIIQHHHHBBH", t_tx, t_echo, t_hold, number, 7, 2, 9, 0, 0, 0, 0)
    return geneve + option + body + inner


def keep_alive(
    *, kind=1, version=1, length=None, interval_us=10_000, multiplier=3, sent=1234, items=(), row_length=None,
    probe=0, heard_probe=0,
) -> bytes:
    """A keep-alive message; items are (node, loss in 1/65535, RTT in microseconds)."""
    row = b"".join(struct.pack("!HHIH", *item, 1500) for item in items)
    head = struct.pack(
        "!BBHIBxHQHH", kind, version, 24 + len(row) if length is None else length, interval_us, multiplier, probe, sent,
        len(items) if row_length is None else row_length, heard_probe,
    )
    return head + row


ETHERNET = bytes.fromhex("020000000001 020000000002")
OWN_IPV6 = bytes.fromhex("fd00" + "00" * 13 + "01")
PEER_IPV6 = bytes.fromhex("fd00" + "00" * 13 + "02")


def frame(ether_type: int, packet: bytes, *, overlay_port=False) -> bytes:
    """What frame_fuzz.cc takes: the port's byte, then the Ethernet frame."""
    return bytes([0 if overlay_port else 1]) + ETHERNET + struct.pack("!H", ether_type) + packet


def ipv4(protocol: int, payload: bytes, *, first=0x45, total=None, fragment=0x4000, destination="0a000001") -> bytes:
    length = 20 + len(payload) if total is None else total
    head = struct.pack("!BBHHHBBH", first, 0, length, 1, fragment, 64, protocol, 0)
    return head + bytes.fromhex("0a000002" + destination) + payload


def ipv6(next_header: int, payload: bytes) -> bytes:
    head = struct.pack("!IHBB", 6 << 28, len(payload), next_header, 64)
    return head + PEER_IPV6 + OWN_IPV6 + payload


def udp(destination_port: int, payload: bytes) -> bytes:
    return struct.pack("!HHHH", 50_000, destination_port, 8 + len(payload), 0) + payload


def tcp(flags: int, options: bytes = b"") -> bytes:
    return struct.pack("!HHIIBBHHH", 40_000, 80, 1, 0, (5 + len(options) // 4) << 4, flags, 65_535, 0, 0) + options


def frames() -> dict[str, bytes]:
    mss = bytes.fromhex("020405b4")
    solicitation = bytes([135, 0, 0, 0, 0, 0, 0, 0]) + OWN_IPV6 + bytes.fromhex("0101020000000002")
    arp = bytes.fromhex("0001080006040001 020000000002 0a000002 000000000000 0a000001")
    overlay = udp(6081, overlay_header(inner=ipv4(17, udp(53, b"question"))))
    return {
        "tcp_syn": frame(0x0800, ipv4(6, tcp(2, mss))),
        "tcp_mss_at_odd_offset": frame(0x0800, ipv4(6, tcp(2, b"\1" + mss + b"\1\1\0"))),
        "tcp_option_without_end": frame(0x0800, ipv4(6, tcp(2, bytes.fromhex("0204ffff 03030708 08ff0000")))),
        "tcp_short_offset": frame(0x0800, ipv4(6, tcp(2)[:12] + b"\x40" + tcp(2)[13:])),
        "tcp_ipv6": frame(0x86DD, ipv6(6, tcp(2, mss))),
        "udp": frame(0x0800, ipv4(17, udp(53, b"question"))),
        "udp_padded": frame(0x0800, ipv4(17, udp(53, b"")) + bytes(18)),
        "icmp_echo": frame(0x0800, ipv4(1, bytes([8, 0, 0, 0, 0, 1, 0, 1]))),
        "icmp_error": frame(0x0800, ipv4(1, bytes([3, 4, 0, 0, 0, 0, 5, 0]) + ipv4(17, udp(53, b"")))),
        "icmpv6_echo": frame(0x86DD, ipv6(58, bytes([128, 0, 0, 0, 0, 1, 0, 1]))),
        "solicitation": frame(0x86DD, ipv6(58, solicitation)),
        "hop_by_hop": frame(0x86DD, ipv6(0, bytes([6, 0, 1, 4, 0, 0, 0, 0]) + tcp(2))),
        "arp": frame(0x0806, arp),
        "vlan": frame(0x8100, b"\0\1\x08\0" + ipv4(17, udp(53, b""))),
        "overlay_ipv4": frame(0x0800, ipv4(17, overlay), overlay_port=True),
        "overlay_ipv6": frame(0x86DD, ipv6(17, overlay), overlay_port=True),
        "overlay_on_lan": frame(0x0800, ipv4(17, overlay)),
        "first_fragment": frame(0x0800, ipv4(17, udp(53, b"x" * 16), fragment=0x2000)),
        "later_fragment": frame(0x0800, ipv4(17, b"x" * 16, fragment=0x0002)),
        "ip_options": frame(0x0800, ipv4(6, bytes(4) + tcp(2), first=0x46)),
        "total_too_long": frame(0x0800, ipv4(17, udp(53, b""), total=1500)),
        "total_too_short": frame(0x0800, ipv4(17, udp(53, b""), total=19)),
        "half_udp_header": frame(0x0800, ipv4(17, b"abcd")),
        "header_only": frame(0x0800, b""),
        "half_ethernet": frame(0x0800, b"")[:9],
    }


def addressed(packet: bytes, source: str, destination: str) -> bytes:
    """An IPv4 packet with other addresses, in hexadecimal."""
    return packet[:12] + bytes.fromhex(source + destination) + packet[20:]


CLIENT, VIP, ORIGIN, EGRESS = "0a02000a", "0a630050", "0a020050", "0a020001"


def from_peer(inner: bytes, *, remaining=0, option_flags=0, **fields) -> bytes:
    """What node 1 sends to node 2 of pipeline_fuzz.cc; `remaining` is the segment after node 2."""
    header = bytearray(overlay_header(inner=inner, **fields))
    header[32:40] = struct.pack("!HHHH", 1, 1, remaining, 0)
    header[41] = option_flags
    return frame(0x0800, addressed(ipv4(17, udp(6081, bytes(header))), "c0000201", "c0000202"), overlay_port=True)


def pipeline_frames() -> dict[str, bytes]:
    mss = bytes.fromhex("020405b4")
    asks = addressed(ipv4(17, udp(80, b"question")), CLIENT, VIP)
    reply = addressed(ipv4(17, udp(50_000, b"answer")), VIP, CLIENT)
    arp = bytes.fromhex("0001080006040001 020000000002" + CLIENT + "000000000000" + EGRESS)
    return {
        "client_syn": frame(0x0800, addressed(ipv4(6, tcp(2, mss)), CLIENT, VIP)),
        "client_data": frame(0x0800, addressed(ipv4(6, tcp(0x10) + b"data"), CLIENT, VIP)),
        "client_udp": frame(0x0800, asks),
        "client_udp_too_big": frame(0x0800, addressed(ipv4(17, udp(81, bytes(1400))), CLIENT, VIP)),
        "client_echo": frame(0x0800, addressed(ipv4(1, bytes([8, 0, 0, 0, 0, 1, 0, 1])), CLIENT, VIP)),
        "closed_port": frame(0x0800, addressed(ipv4(17, udp(9, b"")), CLIENT, VIP)),
        "origin_answers": frame(0x0800, addressed(ipv4(17, udp(50_000, b"answer")), ORIGIN, EGRESS)),
        "fragment": frame(0x0800, addressed(ipv4(17, udp(80, b"x" * 16), fragment=0x2000), CLIENT, VIP)),
        "arp": frame(0x0806, arp),
        "peer_data": from_peer(asks),
        "peer_syn": from_peer(addressed(ipv4(6, tcp(2, mss)), CLIENT, VIP), vni=2),
        "peer_data_without_session": from_peer(addressed(ipv4(6, tcp(0x10)), CLIENT, VIP), vni=2),
        "peer_reply": from_peer(reply, option_flags=8),
        "peer_relay": from_peer(asks, remaining=3),
        "peer_relay_of_nothing": from_peer(b"", remaining=3),
        "peer_loop": from_peer(asks, remaining=2),
        "peer_keep_alive": from_peer(keep_alive(items=[(3, 655, 42_000)]), flags=0xC0, protocol=0x88B5, vni=0),
        "peer_control_cut": from_peer(keep_alive()[:9], flags=0xC0, protocol=0x88B5, vni=0),
    }


def sealed_frames() -> dict[str, bytes]:
    """The same from a peer as somebody without a key would make them, and handshakes; without the port's byte."""
    text = bytes(range(64))

    def sealed(inner: bytes, *, key_epoch=0, **fields) -> bytes:
        packet = bytearray(from_peer(inner, **({"protocol": 0x88B5} | fields))[1:])
        packet[14 + 20 + 8 + 40] = key_epoch
        return bytes(packet)

    return {
        "data": sealed(text),
        "plain": sealed(text, protocol=0x0800),
        "other_session": sealed(text, key_epoch=0x20),
        "relay": sealed(text, remaining=3),
        "keep_alive": sealed(keep_alive() + bytes(16), flags=0xC0, vni=0),
        "tag_cut": sealed(text[:15]),
        "tag_only": sealed(text[:16]),
        "nothing": sealed(b""),
        "handshake": sealed(handshake(1), flags=0xC0, vni=0, key_epoch=0xFF),
        "handshake_answer": sealed(handshake(2), flags=0xC0, vni=0, key_epoch=0xFF),
        "handshake_cut": sealed(handshake(1)[:-1], flags=0xC0, vni=0, key_epoch=0xFF),
        "clear_data": sealed(text, key_epoch=0xFF),
    }


def handshake(number: int) -> bytes:
    return struct.pack("!BBHB3x", 2, 1, 104, number) + bytes(range(96))


SEEDS = {
    "frame": frames(),
    "pipeline": pipeline_frames(),
    "sealed_pipeline": sealed_frames(),
    "handshake": {
        "first_as_it_is": b"\0",
        "second_as_it_is": b"\1",
        "first_other_kind": b"\0\3",
        "first_other_length": b"\0" + bytes(3) + b"\1",
        "first_other_number": b"\0" + bytes(4) + b"\3",
        "first_mark": b"\0" + bytes(5) + b"\xff\xff\xff",
        "first_other_key": b"\0" + bytes(8) + b"\1",
        "first_other_tag": b"\0" + bytes(103) + b"\1",
        "second_other_key": b"\1" + bytes(8) + b"\1",
        "second_other_tag": b"\1" + bytes(103) + b"\1",
        "first_with_more": b"\0" + bytes(104) + b"more",
    },
    "secrets": {
        name: text.encode()
        for name, text in {
            "fleet": "fleet " + "0f" * 32 + "\n", "base64": "fleet " + "A" * 43 + "=\n", "comment": "# nothing\n\n",
            "link": "link 1 2 " + "ab" * 32, "two": ("fleet " + "01" * 32 + "\n") + ("fleet " + "02" * 32 + "\n"),
            "three": "".join(f"fleet {n:064x}\n" for n in range(3)), "short": "fleet 00\n", "no_secret": "fleet\n",
            "same_ends": "link 1 1 " + "ab" * 32, "id_too_large": "link 1 65536 " + "ab" * 32,
            "word": "group " + "ab" * 32, "more": "fleet " + "ab" * 32 + " more", "zero": "fleet " + "a\0" * 32,
            "spaces": " \t fleet  " + "ab" * 32 + "\r\n",
        }.items()
    },
    "link_generations": {
        name: text.encode()
        for name, text in {
            "none": "", "first": "generation: 0 - -\n", "done": "generation: 2 " + "cd" * 64 + " -\n",
            "begun": "generation: 0 - -\ngeneration: 1 " + "ab" * 64 + " 1,2,3\n", "no_seed": "generation: 3\n",
            "several": "generation: 0 - -\ngeneration: 1 aa 7\ngeneration: 3 bb 4,7,9\n", "too_large": "generation: 4294967296 a -\n",
            "twice": "generation: 1 aa 1,1\n", "zero": "generation: 0 aa -\n", "word": "oldest: 1 aa -\n",
        }.items()
    },
    "overlay_header": {
        "ipv4": overlay_header(inner=bytes.fromhex("4500001c00000000400100000a0000010a000002")),
        "ipv6": overlay_header(protocol=0x86DD),
        "control": overlay_header(flags=0xC0, protocol=0x88B5, vni=0),
        "echo": overlay_header(t_echo=1_000_000, t_hold=500_000, number=42_000_000 << 1),
        "wrapped_clock": overlay_header(t_echo=0xFFFFFF00, t_hold=1, number=(1 << 32) + 5),
        "hold_saturated": overlay_header(t_hold=0xFFFFFFFE),
        "hold_at_limit": overlay_header(t_hold=1_000_000_000, number=1 << 31),
        "wrong_version": overlay_header(first=0x49),
        "no_option": overlay_header(first=0x00),
        "foreign_class": overlay_header(option_class=0x0102),
        "short_option": overlay_header(option_words=7),
        "ethernet_inside": overlay_header(protocol=0x6558),
        "one_byte_short": overlay_header()[:-1],
    },
    "keep_alive": {
        "empty_row": keep_alive(),
        "two_items": keep_alive(items=[(3, 655, 42_000), (4, 0, 0xFFFFFFFF)]),
        "padded": keep_alive(items=[(3, 0, 1)]) + bytes(64),
        "longest_row": keep_alive(items=[(n, n, n * 1000) for n in range(1, 113)]),
        "row_too_long": keep_alive(items=[(n, n, n) for n in range(1, 114)]),
        "row_cut": keep_alive(length=34, row_length=1),
        "probe": keep_alive(probe=65535, heard_probe=1) + bytes(1300),
        "fastest": keep_alive(interval_us=1_000, multiplier=255),
        "slowest": keep_alive(interval_us=60_000_000, multiplier=1),
        "too_fast": keep_alive(interval_us=999),
        "no_multiplier": keep_alive(multiplier=0),
        "other_kind": keep_alive(kind=2),
        "other_version": keep_alive(version=2),
    },
    "ip_address": {
        name: text.encode()
        for name, text in {
            "v4": "192.0.2.1", "v4_prefix": "10.0.0.1/24", "v4_all": "0.0.0.0/0", "v6": "2001:db8::1",
            "v6_prefix": "fd00:1::1/64", "v6_any": "::", "v6_mapped": "::ffff:192.0.2.1", "v6_host": "::1/128",
            "mac": "02:00:00:00:00:01", "mac_upper": "FF:FF:FF:FF:FF:FF", "zero_inside": "192.0.2.1\0.5",
            "prefix_too_long": "10.0.0.1/33", "no_prefix": "10.0.0.1/", "words": "localhost",
        }.items()
    },
}


def main() -> None:
    for target, seeds in SEEDS.items():
        directory = CORPUS / target
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (directory / name).write_bytes(content)


if __name__ == "__main__":
    main()
