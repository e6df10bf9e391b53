#!/usr/bin/python3
"""New TCP connections at a steady pace, each judged on its own: run at a client as `connects.py ADDRESS PORT`.

Prints one JSON object at SIGTERM: {"interval_ms", "start_monotonic_ms", "attempts": [milliseconds or null, ..]}. An
attempt that is not connected within PATIENCE_S counts as failed (null); the kernel's first repetition of a SYN comes
after one second, so a lost SYN is a failed attempt.
"""

import errno
import json
import os
import select
import signal
import socket
import sys
import time

INTERVAL_S = 0.02
PATIENCE_S = 0.8


def main(address: str, port: int) -> None:
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    poll = select.poll()
    waiting: dict[int, tuple[socket.socket, int, float]] = {}
    attempts: list[float | None] = []
    start = time.monotonic()
    print("ready", flush=True)
    while not stopping or waiting:
        now = time.monotonic()
        due = start + len(attempts) * INTERVAL_S
        if not stopping and now >= due:
            connection = socket.socket()
            connection.setblocking(False)
            # A client that closes at once must not keep 50 ports a second in TIME_WAIT.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            if connection.connect_ex((address, port)) in (0, errno.EINPROGRESS):
                poll.register(connection, select.POLLOUT)
                waiting[connection.fileno()] = (connection, len(attempts), now)
            attempts.append(None)
            continue
        pause = min([due - now if not stopping else 1.0, *(at + PATIENCE_S - now for _, _, at in waiting.values())])
        for descriptor, _ in poll.poll(max(0.0, pause) * 1000):
            connection, number, begun = waiting.pop(descriptor)
            poll.unregister(descriptor)
            if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                attempts[number] = (time.monotonic() - begun) * 1000
            connection.close()
        for descriptor, (connection, _, begun) in list(waiting.items()):
            if time.monotonic() > begun + PATIENCE_S:
                poll.unregister(descriptor)
                connection.close()
                del waiting[descriptor]
    print(json.dumps({"interval_ms": INTERVAL_S * 1000, "start_monotonic_ms": start * 1000, "attempts": attempts}))


if __name__ == "__main__":
    os.nice(-5)
    main(sys.argv[1], int(sys.argv[2]))
