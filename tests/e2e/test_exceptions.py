"""test_exceptions.py -- The exception path: what is not izar's reaches the node's own kernel by a TAP, and goes back."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import clients
import pytest
import sockets
import topologies
from izar_lab import Lab, addresses
from observe import Account, drop_counts, wait_for_path
from servers import Origin
from topologies import FAMILIES, RELAYED, url, vip

SSH = 22
FILE_BYTES = 20 << 20
EXCHANGE = b"q" * 20_000

both_families = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(scope="module")
def lab(start_lab) -> Lab:
    lab = start_lab(topologies.three_nodes("e2etap") | {"exception_taps": True})
    wait_for_path(lab, RELAYED)
    return lab


@pytest.fixture(scope="module")
def origin(lab: Lab, start_origin) -> Origin:
    return start_origin(lab, "nginx", file_bytes=FILE_BYTES)


def exchange(near: socket.socket, far: socket.socket) -> None:
    """Both ways, and an orderly end of each."""
    near.sendall(EXCHANGE)
    near.shutdown(socket.SHUT_WR)
    assert sockets.read_all(far) == EXCHANGE
    far.sendall(EXCHANGE)
    far.close()
    assert sockets.read_all(near) == EXCHANGE
    near.close()


@pytest.mark.asan
@both_families
def test_a_listener_of_the_node_is_reached(lab: Lab, family: str) -> None:
    with sockets.listen(lab, "ams", SSH) as listener, Account(lab) as account:
        exchange(*sockets.pair(lab, lab.topology.lan_address("ams", family), SSH, listener))
    assert account.dropped == {node: {} for node in account.dropped}


@both_families
def test_the_node_connects_to_a_host(lab: Lab, family: str) -> None:
    """From the node's own address, which is its egress address too: no session is mistaken for it."""
    with sockets.listen(lab, "client", SSH) as listener:
        near, far = sockets.pair(lab, lab.topology.host_address("client", family), SSH, listener, client="ams")
        assert far.getpeername()[0].endswith(lab.topology.lan_address("ams", family))
        exchange(near, far)


@both_families
def test_nodes_reach_each_other_over_the_wan(lab: Lab, family: str) -> None:
    """As BGP speakers do: past the overlay, on the port that carries it."""
    with sockets.listen(lab, "fra", 179) as listener:
        exchange(*sockets.pair(lab, addresses.wan(lab.topology.node("fra").id, family), 179, listener, client="ams"))


@pytest.mark.asan
@both_families
def test_the_kernel_answers_pings_of_the_node(lab: Lab, family: str) -> None:
    assert clients.ping(lab, lab.topology.lan_address("ams", family)) == 5


@both_families
def test_a_closed_port_of_the_node_refuses(lab: Lab, family: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        sockets.connect(lab, "client", lab.topology.lan_address("ams", family), 23)


@contextmanager
def flood(lab: Lab, address: str) -> Iterator[subprocess.Popen[str]]:
    """Small datagrams from `near` to a port of the node that nobody listens on, as fast as they go."""
    program = (
        "import socket\n"
        "end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "while True:\n"
        f"    end.sendto(b'x' * 18, ({address!r}, 9))\n"
    )
    process = lab.popen("near", ["/usr/bin/python3", "-c", program])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_flood_to_the_node_does_not_starve_forwarding(lab: Lab, origin: Origin, tmp_path: Path) -> None:
    copy = tmp_path / "copy.bin"
    before = drop_counts(lab, "ams")["exception_rate"]
    with Account(lab) as account, flood(lab, lab.topology.lan_address("ams")) as flooder:
        clients.curl(lab, "-o", str(copy), url("ipv4", "file.bin"))
        assert clients.ping(lab, vip("ipv4"), count=20) >= 18
        assert flooder.poll() is None
    assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "file.bin")
    assert drop_counts(lab, "ams")["exception_rate"] > before, account.dropped
    with sockets.listen(lab, "ams", SSH) as listener:
        exchange(*sockets.pair(lab, lab.topology.lan_address("ams"), SSH, listener))
