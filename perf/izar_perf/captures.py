"""captures.py -- Packets of a scenario for programs that are not izar's, in a capture that net_pcap plays again and again.

    net_pcap, rx_pcap=FILE,infinite_rx=1 ---> program ---> net_null,no-rx=1

Both drivers are DPDK's own and open to every program, so izar and its peers are measured on the same. Generator and sink are on
the core of the program and in its figure; testpmd in mode io says how much they are.
"""

import pathlib
import socket
import struct

IN_PORT = "net_pcap0,rx_pcap={file},infinite_rx=1"
OUT_PORT = "net_null0,no-rx=1"

FRAME_BYTES = 64  # without FCS
FLOWS = 1_000
VIP = "203.0.113.1"
PORT = 443
ETHERNET = bytes.fromhex("020000000001020000000002") + b"\x08\x00"  # to the program, from its neighbour
GENEVE_PORT = 6081
TRANSPARENT_ETHERNET = 0x6558


def client(flow: int) -> tuple[str, int]:
    """Address and port of a flow."""
    return f"100.64.{flow // 250}.{flow % 250 + 1}", 1024 + flow


def ones_sum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_packet(source: tuple[str, int], destination: tuple[str, int], payload: bytes) -> bytes:
    """An IPv4 packet; its UDP checksum is 0, "none" (RFC 768)."""
    length = 28 + len(payload)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 17, 0, socket.inet_aton(source[0]),
                       socket.inet_aton(destination[0]))
    head = head[:10] + struct.pack("!H", ones_sum(head)) + head[12:]
    return head + struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0) + payload


def client_frame(flow: int) -> bytes:
    packet = udp_packet(client(flow), (VIP, PORT), bytes(FRAME_BYTES - len(ETHERNET) - 28))
    return ETHERNET + packet


def geneve_frame(flow: int, peer: str, own: str, vni: int) -> bytes:
    """The client's frame in a tunnel (RFC 8926) without options; its source port tells flows apart."""
    header = struct.pack("!BBHI", 0, 0, TRANSPARENT_ETHERNET, vni << 8)
    return ETHERNET + udp_packet((peer, 0xC000 | flow), (own, GENEVE_PORT), header + client_frame(flow))


def write(file: pathlib.Path, frames: list[bytes]) -> None:
    records = [struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames]
    file.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(records))
