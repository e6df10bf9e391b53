"""sockets.py -- Plain kernel sockets of this process, made inside a host's namespace.

A socket belongs for life to the namespace of the thread that made it, so one test can hold both ends of a
connection: the client's and, far behind the overlay, the origin's.
"""

import ctypes
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from izar_lab import Lab

TIMEOUT_S = 10.0
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def inside(lab: Lab, where: str) -> Iterator[None]:
    """Inside the block this thread makes its sockets at the host or node."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    away = os.open(f"/run/netns/{lab.network.namespace(where)}", os.O_RDONLY)
    try:
        _enter(away)
        yield
    finally:
        _enter(home)
        os.close(home)
        os.close(away)


def _enter(namespace: int) -> None:
    if LIBC.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns failed; network namespaces need root")


def listen(lab: Lab, where: str, port: int, backlog: int = 128) -> socket.socket:
    """Accepts both families."""
    with inside(lab, where):
        listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=backlog)
    listener.settimeout(TIMEOUT_S)
    return listener


def connect(lab: Lab, where: str, address: str, port: int, timeout_s: float = TIMEOUT_S) -> socket.socket:
    with inside(lab, where):
        return socket.create_connection((address, port), timeout_s)


def pair(lab: Lab, address: str, port: int, listener: socket.socket, client: str = "client") -> tuple[socket.socket, socket.socket]:
    """A connection through the overlay: (the client's end, the origin's end)."""
    near = connect(lab, client, address, port)
    far, _ = listener.accept()
    far.settimeout(TIMEOUT_S)
    return near, far


def datagrams(lab: Lab, where: str, family: str, port: int = 0) -> socket.socket:
    with inside(lab, where):
        made = socket.socket(socket.AF_INET if family == "ipv4" else socket.AF_INET6, socket.SOCK_DGRAM)
    made.bind(("", port))
    made.settimeout(TIMEOUT_S)
    return made


def read_all(end: socket.socket) -> bytes:
    """Everything until the other side has finished writing."""
    blocks = []
    while block := end.recv(1 << 16):
        blocks.append(block)
    return b"".join(blocks)


def read_exactly(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        block = end.recv(size - len(data))
        if not block:
            raise EOFError(f"the other side ended after {len(data)} of {size} bytes")
        data += block
    return data


def reset(end: socket.socket) -> None:
    """Ends a connection by RST."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    end.close()
