"""test_full_tables.py -- More clients than a node has memory for: new flows are refused, those that exist go on."""

import errno
import resource
import select
import socket
from collections.abc import Iterator
from pathlib import Path

import clients
import pytest
import sockets
import topologies
from izar_lab import Lab
from observe import Account, wait_for_path, wait_until
from servers import Origin
from topologies import ANY_PORT, FAMILIES, RELAYED, url, vip

CAPACITY = 1024  # the least that edge.yaml allows
CLIENTS = 1500
PORT = 9100
FILE_BYTES = 40 << 20

both_families = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(scope="module")
def lab(start_lab) -> Lab:
    memory = {"flows": CAPACITY, "flows_ipv6": CAPACITY, "packet_buffers": 16384}
    topology = topologies.three_nodes("e2efull", edge={"memory": memory})
    for service in topology["services"]:
        service["timeouts"] = {"tcp_closing": "1s"}
    lab = start_lab(topology)
    wait_for_path(lab, RELAYED)
    return lab


@pytest.fixture(scope="module")
def origin(lab: Lab, start_origin) -> Origin:
    return start_origin(lab, "nginx", file_bytes=FILE_BYTES)


@pytest.fixture(scope="module")
def many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Crowd:
    """Connections that were all begun at once and held open; `outcomes` are their errno values, 0 for open."""

    def __init__(self, lab: Lab, family: str) -> None:
        self._ends: list[socket.socket] = []
        kind = socket.AF_INET if family == "ipv4" else socket.AF_INET6
        with sockets.inside(lab, "client"):
            self._ends = [socket.socket(kind, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) for _ in range(CLIENTS)]
        waiting = {end.fileno(): end for end in self._ends}
        poll = select.poll()
        for end in self._ends:
            assert end.connect_ex((vip(family, ANY_PORT), PORT)) == errno.EINPROGRESS
            poll.register(end, select.POLLOUT)
        self.outcomes: list[int] = []
        while waiting:
            ready = poll.poll(sockets.TIMEOUT_S * 1000)
            assert ready, f"{len(waiting)} connections were neither opened nor refused"
            for descriptor, _ in ready:
                poll.unregister(descriptor)
                self.outcomes.append(waiting.pop(descriptor).getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def end(self) -> None:
        """By RST, so that no flow waits for the other side's FIN."""
        for end in self._ends:
            sockets.reset(end)


def refusal_lines(lab: Lab, family: str) -> list[str]:
    name = {"ipv4": "IPv4", "ipv6": "IPv6"}[family]
    return [line for line in lab.log("ams").read_text().splitlines() if f"the {name} flow table is full" in line]


@both_families
def test_new_flows_are_refused_and_old_ones_go_on(
    lab: Lab, origin: Origin, many_descriptors: None, family: str, tmp_path: Path
) -> None:
    with sockets.listen(lab, "origin", PORT, backlog=CLIENTS) as listener, Account(lab):
        near, far = sockets.pair(lab, vip(family, ANY_PORT), PORT, listener)
        copy = tmp_path / "copy.bin"
        download = clients.start_curl(lab, "--limit-rate", "10M", "-o", str(copy), url(family, "file.bin"))
        wait_until(lambda: copy.exists() and copy.stat().st_size > 0, "download proceeds")
        crowd = Crowd(lab, family)
        assert download.poll() is None, "the download outlasts the crowd's arrival"
        assert set(crowd.outcomes) == {0, errno.ECONNREFUSED}
        refused = crowd.outcomes.count(errno.ECONNREFUSED)
        # Two flows were there before the crowd; one of an earlier test may still be closing.
        assert CLIENTS - CAPACITY + 2 <= refused <= CLIENTS - CAPACITY + 4
        flows = lab.show("ams", "flows")
        assert flows["total"] >= CAPACITY
        assert flows["exhausted"] >= refused
        near.sendall(b"still here")
        assert sockets.read_exactly(far, 10) == b"still here"
        _, errors = download.communicate()
        assert download.returncode == 0, errors
        assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "file.bin")
        wait_until(lambda: refusal_lines(lab, family), "the log tells")
        assert len(refusal_lines(lab, family)) == 1
        crowd.end()
        wait_until(lambda: lab.show("ams", "flows")["total"] < CAPACITY / 2, "flows end")
        assert clients.curl(lab, url(family, "small")) == "x" * 100
        near.close()
        far.close()
