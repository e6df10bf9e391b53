"""test_sizes.py -- Packets that do not fit: their senders are told, and find the size that does."""

import errno
import socket

import clients
import pytest
import sockets
import topologies
from izar_lab import Lab
from observe import Account, wait_for_path, wait_until
from topologies import ANY_PORT, FAMILIES, RELAYED, vip

both_families = pytest.mark.parametrize("family", FAMILIES)
UDP_AND_IP = {"ipv4": 28, "ipv6": 48}
# From <linux/in.h> and <linux/in6.h>; Python lacks names for them.
MTU_DISCOVER = {"ipv4": (socket.IPPROTO_IP, 10), "ipv6": (socket.IPPROTO_IPV6, 23)}
MTU = {"ipv4": (socket.IPPROTO_IP, 14), "ipv6": (socket.IPPROTO_IPV6, 24)}
PMTUDISC_DO = 2
INNER_MTU = 1500 - 88


@pytest.fixture(scope="module")
def lab(start_lab) -> Lab:
    lab = start_lab(topologies.three_nodes("e2esizes"))
    wait_for_path(lab, RELAYED)
    return lab


def send_until_told(end: socket.socket, size: int) -> None:
    """Sends datagrams of `size` until the kernel knows that they are too big."""
    def refused() -> bool:
        try:
            end.send(b"x" * size)
        except OSError as error:
            assert error.errno == errno.EMSGSIZE
            return True
        return False

    wait_until(refused, "the kernel learns the path MTU", timeout_s=5)


def send_when_calm(end: socket.socket, data: bytes) -> None:
    """Each error of an earlier datagram fails one later send, whatever its size."""
    def sent() -> bool:
        try:
            return end.send(data) == len(data)
        except OSError as error:
            assert error.errno == errno.EMSGSIZE
            return False

    wait_until(sent, "errors of earlier datagrams are told", timeout_s=5)


@both_families
def test_client_learns_the_path_mtu(lab: Lab, family: str) -> None:
    largest = INNER_MTU - UDP_AND_IP[family]
    with sockets.datagrams(lab, "origin", family, 9001) as server, sockets.datagrams(lab, "client", family) as client:
        client.setsockopt(*MTU_DISCOVER[family], PMTUDISC_DO)
        client.connect((vip(family, ANY_PORT), 9001))
        with Account(lab) as account:
            send_until_told(client, 1500 - UDP_AND_IP[family])
        assert account.dropped["ams"].keys() == {"too_big"}
        assert client.getsockopt(*MTU[family]) == INNER_MTU
        with pytest.raises(OSError, match="Message too long"):
            client.send(b"x" * (largest + 1))
        send_when_calm(client, b"y" * largest)
        assert server.recv(2000) == b"y" * largest


@both_families
def test_origin_learns_the_path_mtu(lab: Lab, family: str) -> None:
    """The error quotes the origin's packet as the origin sent it, or its kernel would not know the socket."""
    with sockets.datagrams(lab, "origin", family, 9002) as server, sockets.datagrams(lab, "client", family) as client:
        server.setsockopt(*MTU_DISCOVER[family], PMTUDISC_DO)
        client.sendto(b"question", (vip(family, ANY_PORT), 9002))
        _, sender = server.recvfrom(100)
        server.connect(sender)
        send_until_told(server, 1500 - UDP_AND_IP[family])
        assert server.getsockopt(*MTU[family]) == INNER_MTU
        answer = b"z" * (INNER_MTU - UDP_AND_IP[family])
        send_when_calm(server, answer)
        assert client.recv(2000) == answer


@both_families
def test_largest_ping(lab: Lab, family: str) -> None:
    """One byte more does not fit and is told so; the largest that fits is answered."""
    largest = INNER_MTU - UDP_AND_IP[family]  # an ICMP echo header is as long as a UDP header
    address = vip(family)
    assert clients.ping(lab, address, "-M", "do", "-s", str(largest)) == 5
    told = lab.run("client", ["ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", "-M", "do", "-s", str(largest + 1), address], check=False)
    assert f"mtu={INNER_MTU}" in (told.stdout + told.stderr).replace(" ", "").lower()


@both_families
def test_fragments_are_counted(lab: Lab, family: str) -> None:
    """They are not carried yet, and never vanish: the kernel behind net_af_packet reassembles those of IPv4 itself."""
    with Account(lab) as account:
        assert clients.ping(lab, vip(family), "-M", "dont", "-s", "3000", "-W", "1", count=2) == 0
    assert account.dropped["ams"] == ({"truncated": 2} if family == "ipv4" else {"fragment": 6})
