"""attacker.py -- Somebody on the WAN who sees what goes to one node and sends it frames of their own."""

import errno
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from izar_lab import Lab

import sockets

ETHERNET, IPV4, UDP, OVERLAY, TAG = 14, 20, 8, 44, 16
OVERLAY_AT = ETHERNET + IPV4 + UDP
TEXT_AT = OVERLAY_AT + OVERLAY
GENEVE_PORT = 6081
CLEAR_EPOCH = 0xFF  # of a handshake: it is under no key
ETH_P_ALL = 3
PACE_S = 0.002  # between two batches
HANDSHAKE = struct.pack("!BBHB3x", 2, 1, 104, 1)


def send_patiently(mouth: socket.socket, frame: bytes) -> None:
    """Waits where the interface's queue is full: an attack loses nothing on the attacker's own machine."""
    while True:
        try:
            mouth.send(frame)
            return
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            time.sleep(PACE_S)


class Attacker:
    """On the wire between the WAN and the node, whose underlay is IPv4. A context manager."""

    def __init__(self, lab: Lab, node: str, seed: int = 1) -> None:
        # The emulator's frames go past where a listener on its side would see them.
        with sockets.inside(lab, node):
            self._ears = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._ears.bind(("wan0", ETH_P_ALL))
        self._ears.settimeout(0.2)
        with sockets.inside(lab, "wan"):
            self._mouth = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._mouth.bind((node, 0))
        self._random = random.Random(seed)

    def __enter__(self) -> "Attacker":
        return self

    def __exit__(self, *_: object) -> None:
        self._ears.close()
        self._mouth.close()

    def watch(self, seconds: float) -> tuple[list[bytes], list[bytes]]:
        """Overlay frames that went (to the node, from the node) meanwhile."""
        to_node: list[bytes] = []
        from_node: list[bytes] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                frame, address = self._ears.recvfrom(4096)
            except TimeoutError:
                continue
            if len(frame) > OVERLAY_AT and frame[12:14] == b"\x08\x00" and frame[23] == 17:
                (from_node if address[2] == socket.PACKET_OUTGOING else to_node).append(frame)
        return to_node, from_node

    @contextmanager
    def recording(self) -> Iterator[list[bytes]]:
        """Every overlay frame to and from the node, from entering to leaving the block."""
        frames: list[bytes] = []
        stop = threading.Event()

        def record() -> None:
            while not stop.is_set():
                for part in self.watch(PACE_S):
                    frames.extend(part)

        thread = threading.Thread(target=record)
        thread.start()
        try:
            yield frames
        finally:
            stop.set()
            thread.join()

    def send(self, frames: Iterator[bytes], per_second: float) -> int:
        """All of them, at most that fast; how many. What goes by meanwhile is not kept."""
        begun = time.monotonic()
        sent = 0
        for frame in frames:
            while sent > (time.monotonic() - begun) * per_second:
                time.sleep(PACE_S)
            send_patiently(self._mouth, frame)
            sent += 1
        return sent

    def every_kind(self, recorded: list[bytes], count: int) -> Iterator[bytes]:
        """Frames made from such as arrived: replays, also from other ports, and forgeries of all kinds."""
        makers = [lambda frame: frame, self._from_another_port, self._flipped, self._garbage, self._shortened,
                  self._by_another_sender, self._from_another_place, self._handshake]
        for i in range(count):
            yield makers[i % len(makers)](self._random.choice(recorded))

    def _from_another_port(self, frame: bytes) -> bytes:
        return _put(frame, ETHERNET + IPV4, struct.pack("!H", self._random.randrange(1024, 65536)))

    def _flipped(self, frame: bytes) -> bytes:
        bit = self._random.randrange(OVERLAY_AT * 8, len(frame) * 8)
        return _put(frame, bit // 8, bytes([frame[bit // 8] ^ 1 << bit % 8]))

    def _garbage(self, frame: bytes) -> bytes:
        return frame[:OVERLAY_AT] + self._random.randbytes(len(frame) - OVERLAY_AT)

    def _shortened(self, frame: bytes) -> bytes:
        return _with_lengths(frame[:self._random.randrange(OVERLAY_AT, len(frame))])

    def _by_another_sender(self, frame: bytes) -> bytes:
        return _put(frame, OVERLAY_AT + 32, struct.pack("!H", self._random.randrange(1, 10)))

    def _from_another_place(self, frame: bytes) -> bytes:
        return _with_lengths(_put(frame, ETHERNET + 12, self._random.randbytes(4)))

    def _handshake(self, frame: bytes) -> bytes:
        clear = _put(frame[:TEXT_AT], OVERLAY_AT + 40, b"\xff")
        return _with_lengths(_put(clear, OVERLAY_AT + 1, b"\xc0") + HANDSHAKE + self._random.randbytes(96))


def _put(frame: bytes, at: int, new: bytes) -> bytes:
    return frame[:at] + new + frame[at + len(new):]


def _with_lengths(frame: bytes) -> bytes:
    """The outer headers' lengths and checksum made right again."""
    frame = _put(frame, ETHERNET + 2, struct.pack("!H", len(frame) - ETHERNET))
    frame = _put(frame, ETHERNET + IPV4 + 4, struct.pack("!H", len(frame) - ETHERNET - IPV4))
    header = _put(frame, ETHERNET + 10, b"\0\0")[ETHERNET:ETHERNET + IPV4]
    total = sum(struct.unpack("!10H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return _put(frame, ETHERNET + 10, struct.pack("!H", ~total & 0xFFFF))


def syn_flood(target_mac: bytes, vip: str, port: int, count: int, seed: int = 2) -> Iterator[bytes]:
    """First packets of as many connections, each from a client of its own in 10.1.128.0/17, as frames for a LAN."""
    rng = random.Random(seed)
    destination = socket.inet_aton(vip)
    for _ in range(count):
        source = socket.inet_aton(f"10.1.{rng.randrange(128, 256)}.{rng.randrange(1, 255)}")
        tcp = struct.pack("!HHIIBBHHH", rng.randrange(1024, 65536), port, rng.getrandbits(32), 0, 0x50, 2, 65535, 0, 0)
        total = sum(struct.unpack("!16H", source + destination + struct.pack("!HH", 6, len(tcp)) + tcp))
        total = (total & 0xFFFF) + (total >> 16)
        total = ~(total + (total >> 16)) & 0xFFFF
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0x4000, 64, 6, 0, source, destination)
        frame = target_mac + b"\x02\xAA\x0A\x01\x80\x01\x08\x00" + header + tcp[:16] + struct.pack("!H", total) + tcp[18:]
        yield _with_ip_checksum(frame)


def _with_ip_checksum(frame: bytes) -> bytes:
    total = sum(struct.unpack("!10H", frame[ETHERNET:ETHERNET + IPV4]))
    total = (total & 0xFFFF) + (total >> 16)
    return _put(frame, ETHERNET + 10, struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF))
