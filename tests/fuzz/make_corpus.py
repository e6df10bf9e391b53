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
    *, kind=1, version=1, length=None, interval_us=10_000, multiplier=3, sent=1234, items=(), row_length=None
) -> bytes:
    """A keep-alive message; items are (node, loss in 1/65535, RTT in microseconds)."""
    row = b"".join(struct.pack("!HHI", *item) for item in items)
    head = struct.pack(
        "!BBHIB3xQHH", kind, version, 24 + len(row) if length is None else length, interval_us, multiplier, sent,
        len(items) if row_length is None else row_length, 0,
    )
    return head + row


SEEDS = {
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
        "longest_row": keep_alive(items=[(n, n, n * 1000) for n in range(1, 129)]),
        "row_too_long": keep_alive(items=[(n, n, n) for n in range(1, 130)]),
        "row_cut": keep_alive(length=32, row_length=1),
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
