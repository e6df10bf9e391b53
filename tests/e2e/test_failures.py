"""test_failures.py -- Links and nodes die, slow down and come back while clients are served."""

import os
import signal
import socket
from pathlib import Path

import clients
import pytest
import sockets
import topologies
from izar_lab import Lab
from izar_lab.probe_stream import ProbeStream
from observe import Account, nothing_dropped, path, running_nodes, wait_for_links, wait_for_path, wait_until
from servers import FILE_BYTES, Origin
from topologies import RELAYED, url, vip

TWO_SITES = "10.99.0.90"
OVER_PAR = ["par", "sin"]


@pytest.fixture
def lab(start_fresh_lab) -> Lab:
    lab = start_fresh_lab(topologies.two_egresses("e2efail"))
    wait_for_links(lab)
    wait_for_path(lab, RELAYED)
    return lab


@pytest.fixture
def origin(lab: Lab, start_fresh_origin) -> Origin:
    return start_fresh_origin(lab, "nginx", "probe_echo", file_bytes=FILE_BYTES)


class Download:
    """The 100 MB file, fetched while the block does something; leaving it checks that the copy is right."""

    def __init__(self, lab: Lab, origin: Origin, copy: Path) -> None:
        self._lab = lab
        self._original = origin.folder / "root" / "file.bin"
        self._copy = copy

    def __enter__(self) -> "Download":
        self._copy.unlink(missing_ok=True)
        self._curl = clients.start_curl(self._lab, "-o", str(self._copy), url("ipv4", "file.bin"))
        self.wait_for_share(0.05)
        return self

    def wait_for_share(self, share: float) -> None:
        wait_until(lambda: self._copy.exists() and self._copy.stat().st_size > share * FILE_BYTES, "download proceeds")

    def is_running(self) -> bool:
        return self._curl.poll() is None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._curl.kill()
        _, errors = self._curl.communicate()
        if kind is None:
            assert self._curl.returncode == 0, errors
            assert clients.sha256(self._copy) == clients.sha256(self._original)


def test_slow_link_is_left_without_loss(lab: Lab, origin: Origin) -> None:
    with Account(lab) as account, ProbeStream(lab, vip("ipv4")) as stream:
        lab.set_link("ams", "fra", delay_ms=102)
        wait_for_path(lab, OVER_PAR)
        stream.wait_for_replies(5)
        lab.set_link("ams", "fra", delay_ms=2)
        wait_for_path(lab, RELAYED)
        stream.wait_for_replies(5)
    assert stream.report["lost"] == 0, account.dropped
    assert nothing_dropped(account), account.dropped


def test_cut_link_is_left(lab: Lab, origin: Origin, tmp_path: Path) -> None:
    """What was lost, the WAN dropped; the nodes dropped nothing, and the download never notices."""
    with Account(lab) as account, ProbeStream(lab, vip("ipv4")) as stream, Download(lab, origin, tmp_path / "copy"):
        lab.cut("ams", "fra")
        wait_for_path(lab, OVER_PAR)
        stream.wait_for_replies(5)
        lab.heal("ams", "fra")
    print(stream.report["lost_ranges"], account.dropped)
    assert 0 < stream.report["lost"] < 1000
    assert nothing_dropped(account), account.dropped
    wait_for_links(lab)
    told = [line for line in lab.log("ams").read_text().splitlines() if "link to fra is" in line]
    assert any("is down: silent" in line or "was down for a moment" in line for line in told), told


def test_cut_of_one_direction_is_left(lab: Lab, origin: Origin) -> None:
    with ProbeStream(lab, vip("ipv4")) as stream:
        lab.cut("fra", "sin", one_way=True)
        wait_for_path(lab, OVER_PAR)
        stream.wait_for_replies(5)
    assert 0 < stream.report["lost"] < 1000


def test_killed_relay_and_its_return(lab: Lab, origin: Origin, tmp_path: Path) -> None:
    with ProbeStream(lab, vip("ipv4")) as stream, Download(lab, origin, tmp_path / "copy"):
        lab.kill("fra", signal.SIGKILL)
        wait_for_path(lab, OVER_PAR)
        stream.wait_for_replies(5)
    assert 0 < stream.report["lost"] < 1000
    with ProbeStream(lab, vip("ipv4")) as stream:
        lab.restart("fra")
        wait_for_path(lab, RELAYED)
        stream.wait_for_replies(5)
    assert stream.report["lost"] == 0


@pytest.mark.long
def test_frozen_relay_is_left_and_taken_back(lab: Lab, origin: Origin) -> None:
    """As where a host takes a machine's cores away for a while: its process stands still, and goes on as if nothing had been."""
    relay = lab.process("fra")
    with ProbeStream(lab, vip("ipv4")) as stream:
        os.kill(relay.pid, signal.SIGSTOP)
        wait_for_path(lab, OVER_PAR)
        stream.wait_for_replies(5)
    assert 0 < stream.report["lost"] < 1000
    with ProbeStream(lab, vip("ipv4")) as stream:
        os.kill(relay.pid, signal.SIGCONT)
        wait_for_path(lab, RELAYED)
        stream.wait_for_replies(5)
    assert stream.report["lost"] == 0


def test_restarted_relay(lab: Lab, origin: Origin, tmp_path: Path) -> None:
    """An orderly restart loses what was inside and what came until the neighbours noticed; connections stay."""
    wait_for_path(lab, RELAYED)
    with ProbeStream(lab, vip("ipv4")) as stream, Download(lab, origin, tmp_path / "copy"):
        lab.restart("fra")
        wait_for_links(lab)
        wait_for_path(lab, RELAYED)
        stream.wait_for_replies(5)
    assert 0 < stream.report["lost"] < 1000


def test_restarted_ingress(lab: Lab, origin: Origin, tmp_path: Path) -> None:
    """Packets are lost while it is away. Connections are not: the egress keeps their sessions."""
    with sockets.listen(lab, "origin", 8005) as listener:
        near, far = sockets.pair(lab, vip("ipv4"), 8005, listener)
        with Download(lab, origin, tmp_path / "copy") as download:
            lab.restart("ams")
            assert download.is_running()
            wait_for_path(lab, RELAYED)
        near.sendall(b"still here")
        assert sockets.read_exactly(far, 10) == b"still here"
        far.sendall(b"so am I")
        assert sockets.read_exactly(near, 7) == b"so am I"
        near.close()
        far.close()


def test_restarted_egress_resets_its_connections(lab: Lab) -> None:
    with sockets.listen(lab, "origin", 8005) as listener:
        near, far = sockets.pair(lab, vip("ipv4"), 8005, listener)
        lab.restart("sin")
        wait_for_path(lab, RELAYED)
        near.sendall(b"anybody there?")
        with pytest.raises(ConnectionResetError):
            near.recv(1)
        again, far_again = sockets.pair(lab, vip("ipv4"), 8005, listener)
        for end in (near, far, again, far_again):
            end.close()


def test_new_connections_leave_a_killed_egress(lab: Lab) -> None:
    with sockets.listen(lab, "origin", 9000) as listener:
        at_sin, ends = connection_at(lab, listener, lab.topology.lan_address("sin"))
        at_hkg, more = connection_at(lab, listener, lab.topology.lan_address("hkg"))
        lab.kill("sin", signal.SIGKILL)
        wait_until(lambda: path(lab, "sin") == [], "sin is given up")
        for _ in range(20):
            near, far = sockets.pair(lab, TWO_SITES, 9000, listener)
            assert far.getpeername()[0].endswith(lab.topology.lan_address("hkg"))
            ends += [near, far]
        at_sin.sendall(b"anybody there?")
        with pytest.raises(ConnectionResetError):
            at_sin.recv(1)
        at_hkg.sendall(b"x")
        assert more[-1].recv(1) == b"x"
        for end in ends + more:
            end.close()


def connection_at(lab: Lab, listener: socket.socket, egress: str) -> tuple[socket.socket, list[socket.socket]]:
    """A connection that leaves the overlay at this egress address, and all ends that were opened to find it."""
    ends: list[socket.socket] = []
    for _ in range(100):
        near, far = sockets.pair(lab, TWO_SITES, 9000, listener)
        ends += [near, far]
        if far.getpeername()[0].endswith(egress):
            return near, ends
    raise AssertionError(f"none of 100 connections left at {egress}")


def test_a_thousand_rewrites_a_second_lose_nothing(lab: Lab, origin: Origin, tmp_path: Path) -> None:
    def generations() -> dict[str, int]:
        return {node: lab.show(node, "status")["generation"] for node in running_nodes(lab)}

    for node in running_nodes(lab):
        lab.command(node, "set rewrites 1000")
    before = generations()
    with Account(lab) as account, ProbeStream(lab, vip("ipv4")) as stream, Download(lab, origin, tmp_path / "copy"):
        wait_until(lambda: all(now > before[node] + 500 for node, now in generations().items()), "tables are rewritten")
    assert stream.report["lost"] == 0, account.dropped
    assert nothing_dropped(account), account.dropped
    assert account.snapshots > 50
