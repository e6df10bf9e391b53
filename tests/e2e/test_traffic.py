"""test_traffic.py -- Unmodified clients and origins over a relayed path, in both families."""

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import clients
import pytest
import sockets
import topologies
from izar_lab import Lab
from observe import Account, nothing_dropped, wait_for_path, wait_until
from servers import DNS_ANSWER, DNS_NAME, FILE_BYTES, Origin
from topologies import ANY_PORT, FAMILIES, LOCAL, RELAYED, WEIGHTED, url, vip

both_families = pytest.mark.parametrize("family", FAMILIES)
BODY = os.urandom(4 << 20)
CAPACITY_MBIT = 400


@pytest.fixture(scope="module")
def lab(start_lab) -> Lab:
    links = topologies.PATIENCE["links"] | {"capacity_mbit_per_s": CAPACITY_MBIT}
    lab = start_lab(topologies.three_nodes("e2etraffic", edge={"links": links}))
    wait_for_path(lab, RELAYED)
    return lab


@pytest.fixture(scope="module")
def origin(lab: Lab, start_origin) -> Origin:
    return start_origin(lab, "nginx", "dns", "iperf", file_bytes=FILE_BYTES)


@pytest.fixture(scope="module")
def others(lab: Lab, tmp_path_factory) -> Iterator[None]:
    with Origin(lab, "origin2", tmp_path_factory.mktemp("origin2")) as second:
        with Origin(lab, "near", tmp_path_factory.mktemp("near")) as near:
            second.start_nginx()
            near.start_nginx()
            yield


@pytest.mark.asan
@both_families
def test_keep_alive(lab: Lab, origin: Origin, family: str) -> None:
    """Several requests of one curl share one connection."""
    address = url(family, "small")
    with Account(lab) as account:
        told = clients.curl(lab, "-w", "%{num_connects} %{http_code}\n", *(["-o", "/dev/null", address] * 5))
    assert told.splitlines() == ["1 200", *["0 200"] * 4]
    assert nothing_dropped(account), account.dropped


@both_families
def test_a_thousand_connections(lab: Lab, origin: Origin, family: str) -> None:
    with Account(lab) as account:
        done = clients.wrk(lab, url(family, "small"), connections=1000, seconds=3)
    assert done["errors"] == 0, done["text"]
    assert done["requests"] >= 1000
    print(account.dropped, done["text"])


@pytest.mark.asan
@both_families
def test_half_close(lab: Lab, family: str) -> None:
    """A client that has finished writing gets a long answer."""
    with sockets.listen(lab, "origin", 8000) as listener, Account(lab) as account:
        near, far = sockets.pair(lab, vip(family), 8000, listener)
        near.sendall(b"question")
        near.shutdown(socket.SHUT_WR)
        assert sockets.read_all(far) == b"question"
        answer = threading.Thread(target=answer_and_end, args=(far,))
        answer.start()
        assert sockets.read_all(near) == BODY
        answer.join()
        near.close()
    assert nothing_dropped(account), account.dropped


def answer_and_end(end: socket.socket) -> None:
    end.sendall(BODY)
    end.close()


@both_families
def test_half_close_of_the_server(lab: Lab, family: str) -> None:
    """The client goes on sending after the server has finished writing."""
    with sockets.listen(lab, "origin", 8000) as listener:
        near, far = sockets.pair(lab, vip(family), 8000, listener)
        far.shutdown(socket.SHUT_WR)
        assert sockets.read_all(near) == b""
        sender = threading.Thread(target=answer_and_end, args=(near,))
        sender.start()
        assert sockets.read_all(far) == BODY
        sender.join()
        far.close()


@pytest.mark.asan
@both_families
@pytest.mark.parametrize("who", ["client", "origin"])
def test_reset(lab: Lab, family: str, who: str) -> None:
    with sockets.listen(lab, "origin", 8001) as listener:
        near, far = sockets.pair(lab, vip(family), 8001, listener)
        near.sendall(b"x")
        assert far.recv(1) == b"x"
        ending, waiting = (near, far) if who == "client" else (far, near)
        sockets.reset(ending)
        with pytest.raises(ConnectionResetError):
            waiting.recv(1)
        waiting.close()


@both_families
def test_a_closed_port_of_the_origin_refuses(lab: Lab, family: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        sockets.connect(lab, "client", vip(family), 8099)


@both_families
def test_a_port_without_service_refuses(lab: Lab, family: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        sockets.connect(lab, "client", vip(family), 81)


@both_families
def test_download(lab: Lab, origin: Origin, family: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.bin"
    with Account(lab) as account:
        clients.curl(lab, "-o", str(copy), url(family, "file.bin"))
    assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "file.bin")
    print(account.dropped)


@both_families
def test_upload(lab: Lab, origin: Origin, family: str) -> None:
    sent = origin.folder / "root" / "file.bin"
    received = origin.folder / "root" / "upload" / f"{family}.bin"
    with Account(lab) as account:
        clients.curl(lab, "-T", str(sent), url(family, f"upload/{family}.bin"))
    assert clients.sha256(received) == clients.sha256(sent)
    print(account.dropped)


@both_families
@pytest.mark.parametrize("direction", ["up", "down"])
def test_iperf_tcp(lab: Lab, origin: Origin, family: str, direction: str) -> None:
    with Account(lab):
        told = clients.iperf(lab, vip(family), *(["-R"] if direction == "down" else []))
    assert told["sum_received"]["bytes"] > 0


@both_families
@pytest.mark.parametrize("direction", ["up", "down"])
def test_iperf_udp(lab: Lab, origin: Origin, family: str, direction: str) -> None:
    """Every datagram arrives; 1,200 bytes fit into every path."""
    options = ["-u", "-b", "10M", "-l", "1200", *(["-R"] if direction == "down" else [])]
    with Account(lab) as account:
        told = clients.iperf(lab, vip(family), *options)
    assert told["sum"]["packets"] > 1000
    assert told["sum"]["lost_packets"] == 0, account.dropped


def test_used_bandwidth_is_told_of_the_link_that_carries(lab: Lab, origin: Origin) -> None:
    def link(peer: str) -> dict:
        return next(row for row in lab.show("ams", "links")["links"] if row["peer"] == peer)

    with ThreadPoolExecutor(1) as pool:
        stream = pool.submit(clients.iperf, lab, vip("ipv4"), "-u", "-b", "10M", "-l", "1200", seconds=3)
        wait_until(lambda: (link("fra")["used_bps"] or 0) > 10e6, "the link to the relay carries the stream and its headers")
        assert link("sin")["used_bps"] < 1e6, "keep-alives"
        stream.result()
    assert link("fra")["capacity_bps"] == CAPACITY_MBIT * 1_000_000
    wait_until(lambda: link("fra")["used_bps"] < 1e6, "nothing is carried any more")


@pytest.mark.asan
@both_families
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_dns(lab: Lab, origin: Origin, family: str, transport: str) -> None:
    for record, of in (("A", "ipv4"), ("AAAA", "ipv6")):
        assert clients.dig(lab, vip(family), DNS_NAME, record, transport) == DNS_ANSWER[of]


@pytest.mark.asan
@both_families
@pytest.mark.parametrize("options", [[], ["-s", "1300"]], ids=["small", "large"])
def test_ping(lab: Lab, family: str, options: list[str]) -> None:
    assert clients.ping(lab, vip(family), *options, count=10) == 10


@both_families
def test_two_pings_at_once_are_told_apart(lab: Lab, family: str) -> None:
    """The same identifier from two clients: each gets its own answers."""
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(clients.ping, lab, vip(family), "-e", "77", count=10, where=where) for where in ("client", "near")]
        assert [run.result() for run in runs] == [10, 10]


@both_families
def test_port_range(lab: Lab, family: str) -> None:
    for port in (8000, 8042, 8098):
        with sockets.listen(lab, "origin", port) as listener:
            near, far = sockets.pair(lab, vip(family), port, listener)
            assert far.getsockname()[1] == port
            near.close()
            far.close()


@both_families
def test_any_port(lab: Lab, family: str) -> None:
    for port in (1, 22, 443, 65535):
        with sockets.listen(lab, "origin", port) as listener:
            near, far = sockets.pair(lab, vip(family, ANY_PORT), port, listener)
            assert far.getsockname()[1] == port
            near.close()
            far.close()
        with sockets.datagrams(lab, "origin", family, port) as server, sockets.datagrams(lab, "client", family) as client:
            client.sendto(b"question", (vip(family, ANY_PORT), port))
            question, sender = server.recvfrom(100)
            server.sendto(b"answer to " + question, sender)
            assert client.recvfrom(100)[0] == b"answer to question"


@both_families
def test_origins_get_their_weights(lab: Lab, origin: Origin, others: None, family: str) -> None:
    """Weights 3 and 1. Of 400 connections, 300 with a deviation of 8.7 go to the first: 60 off is 7 of them."""
    many = f"{url(family, 'name', WEIGHTED)}?[1-400]"
    answers = clients.curl(lab, "--parallel", "--parallel-immediate", "--parallel-max", "50", "-H", "Connection: close", many)
    first, second = answers.count("origin") - answers.count("origin2"), answers.count("origin2")
    assert first + second == 400
    assert 240 < first < 360


@pytest.mark.asan
@both_families
def test_ingress_is_egress(lab: Lab, others: None, family: str) -> None:
    """The origin is at the client's own node."""
    assert clients.curl(lab, url(family, "name", LOCAL)) == "near"
    assert clients.ping(lab, vip(family, LOCAL)) == 5

    def roles() -> set[str]:
        return {flow["role"] for flow in lab.show("ams", "flows")["flows"] if vip(family, LOCAL) in flow["vip"]}

    # The command shows 1,000 flows, and tests before may have left more.
    wait_until(lambda: clients.ping(lab, vip(family, LOCAL), count=1) == 1 and roles() == {"both"}, "its flows are shown")


@both_families
def test_client_and_origin_on_one_lan(lab: Lab, origin: Origin, family: str) -> None:
    """A client that is itself a neighbour of the origin still goes over the egress."""
    assert clients.curl(lab, "-o", "/dev/null", "-w", "%{http_code}", url(family, "small"), client="origin2") == "200"
