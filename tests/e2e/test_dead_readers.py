"""test_dead_readers.py -- Clients of a controller that ask without end and never read an answer; an agent that is frozen."""

import json
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
import sockets
import topologies
from izar_lab import Lab
from izar_lab.control_plane import API_PORT, ControlPlane
from observe import wait_until

API_CLIENTS = 64
OPERATORS = 4
SHOUTING_S = 5.0
MOST_BYTES = (API_CLIENTS + OPERATORS) << 20  # 256 KiB wait for each, one answer more, and what TLS holds
EVENTS = 1_000
REQUESTS = 400  # written at once


@pytest.fixture(scope="module")
def lab(start_lab: Callable[[dict[str, Any]], Lab]) -> Lab:
    document = topologies.three_nodes("e2edead") | {"hosts": [], "services": []}
    return start_lab(document | {"controllers": 1})


@contextmanager
def frozen(lab: Lab, program: str) -> Iterator[None]:
    process = lab.process(program)
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def api_client(lab: Lab, plane: ControlPlane) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(plane.folder / "authority.crt"))
    plain = sockets.connect(lab, "ams", plane.addresses()[0], API_PORT)
    client = context.wrap_socket(plain, server_hostname="izar-controller")
    client.setblocking(False)
    return client


def operator(plane: ControlPlane) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(plane.socket_of("controller")))
    client.setblocking(False)
    return client


def shout(clients: list[Any], request: bytes) -> None:
    for client in clients:
        with suppress(BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError, BrokenPipeError, ConnectionResetError, ssl.SSLError):
            client.send(request * REQUESTS)


def test_dead_readers_cost_the_controller_bounded_memory(lab: Lab, plane: ControlPlane) -> None:
    for i in range(EVENTS):
        plane.ask({"do": "node drain", "node": "sin", "drained": i % 2 == 0})
    answer_bytes = len(json.dumps(plane.listed("events")))
    token = (plane.folder / "api.token").read_text().strip()
    by_api = f"GET /v1/events HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    process = lab.process("controller")
    assert process is not None
    before = most = resident_bytes(process.pid)
    with ExitStack() as stack:
        stack.enter_context(frozen(lab, "agent-fra"))
        clients = [stack.enter_context(api_client(lab, plane)) for _ in range(API_CLIENTS)]
        operators = [stack.enter_context(operator(plane)) for _ in range(OPERATORS)]
        begun, asked = time.monotonic(), 0
        while time.monotonic() < begun + SHOUTING_S:
            shout(clients, by_api)
            shout(operators, b'{"do": "events"}\n')
            plane.ask({"do": "node drain", "node": "sin", "drained": asked % 2 == 0})  # others are served, and agents told
            asked += 1
            most = max(most, resident_bytes(process.pid))
    print(f"{asked} requests of others were answered, {answer_bytes} bytes an answer; the controller grew from {before >> 20} to "
          f"{most >> 20} MiB")
    assert asked > 20, "others are served meanwhile"
    unbounded = answer_bytes * REQUESTS * (API_CLIENTS + OPERATORS)
    assert unbounded > 4 * MOST_BYTES, "all answers to what was asked at once would be much more"
    assert most - before < MOST_BYTES
    wait_until(lambda: plane.connected_agents() == 3, "all agents are here", 60)
