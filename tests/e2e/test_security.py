"""test_security.py -- Encrypted links while somebody attacks them, and while their secrets are replaced."""

import secrets
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import clients
import pytest
import sockets
import topologies
from attacker import CLEAR_EPOCH, OVERLAY_AT, TEXT_AT, Attacker, send_patiently, syn_flood
from izar_lab import Lab
from izar_lab.probe_stream import ProbeStream
from observe import Account, drop_counts, hang_up, wait_for_path, wait_until
from servers import Origin
from topologies import RELAYED, url, vip

FILE_BYTES = 50 << 20
RATE = 20_000.0  # attack packets a second; the machine's CPUs forward the lab's traffic too
FORGERIES = 40_000
# Where lcores, client, origin and flood share few CPUs, an lcore that had to wait for one costs this share of packets. A
# table or a lcore that gave in to the flood would cost nearly all of them.
PAUSES_COST = 0.01
SYN_RATE = 8_000.0  # the origin's kernel answers each, and repeats its answers
SYNS = 70_000  # more than the egress has ports
# Of so many first bytes of an IP packet or a control message at least half are the same in each of its kind.
HEAD_BYTES = 20
BEGINNING = 60  # packets of a life, sealed by either end, with which two lives are compared
# What becomes of forgeries: any of these, and a handshake that nobody answers.
REFUSALS = {"overlay_malformed", "unknown_peer", "no_key", "old_epoch", "bad_tag", "replayed", "control_malformed",
            "handshake_rate", "truncated"}
WAN_ADDRESS = {"ams": "10.77.0.1", "fra": "10.77.0.2", "sin": "10.77.0.3"}
TOTAL_RETRANS_AT = 100  # struct tcp_info of linux/tcp.h: tcpi_total_retrans


@pytest.fixture(scope="module")
def lab(start_lab) -> Lab:
    lab = start_lab(topologies.three_nodes("e2esec", edge={"links": {"interval": "10ms", "multiplier": 5}}))
    wait_for_path(lab, RELAYED)
    return lab


@pytest.fixture(scope="module")
def origin(lab: Lab, start_origin) -> Origin:
    return start_origin(lab, "nginx", "probe_echo", file_bytes=FILE_BYTES)


class Conversation:
    """An established connection that goes on talking while the block does something; `retransmissions` then counts
    what either end's kernel had to send again."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._stop = threading.Event()
        self.retransmissions = 0
        self.exchanges = 0
        self._error: Exception | None = None

    def __enter__(self) -> "Conversation":
        with sockets.listen(self._lab, "origin", 8007) as listener:
            self._ends = sockets.pair(self._lab, vip("ipv4"), 8007, listener)
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()
        wait_until(lambda: self.exchanges > 5 or self._error, "the conversation begins")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.retransmissions = sum(total_retransmissions(end) for end in self._ends)
        for end in self._ends:
            end.close()
        if kind is None and self._error is not None:
            raise self._error

    def _talk(self) -> None:
        near, far = self._ends
        try:
            while not self._stop.wait(0.005):
                for sender, receiver in ((near, far), (far, near)):
                    sender.sendall(b"x" * 500)
                    sockets.read_exactly(receiver, 500)
                self.exchanges += 1
        except (OSError, EOFError) as error:
            self._error = error


def total_retransmissions(end: socket.socket) -> int:
    info = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return struct.unpack_from("I", info, TOTAL_RETRANS_AT)[0]


def refused(lab: Lab, node: str) -> int:
    handshakes = next(row["packets"] for row in lab.show(node, "drops")["drops"] if row["name"] == "handshake")
    return handshakes + sum(count for name, count in drop_counts(lab, node).items() if name in REFUSALS)


@pytest.mark.parametrize("node", ["fra", "sin"])
def test_forgeries_cost_no_flow_anything(lab: Lab, origin: Origin, node: str) -> None:
    """At the relay and at the egress, made of packets that were just accepted there."""
    with Attacker(lab, node) as attacker, Conversation(lab) as talk, ProbeStream(lab, vip("ipv4")) as stream:
        recorded, _ = attacker.watch(1.0)
        assert len(recorded) > 200
        before = refused(lab, node)
        sent = attacker.send(attacker.every_kind(recorded, FORGERIES), RATE)
        wait_until(lambda: refused(lab, node) - before >= sent, f"all {sent} are refused", timeout_s=5)
    assert refused(lab, node) - before == sent
    assert talk.retransmissions == 0
    assert stream.report["lost"] == 0
    assert path_is_unchanged(lab)


def path_is_unchanged(lab: Lab) -> bool:
    return all(link["state"] == "up" and link["changes"] == 0 for link in lab.show("ams", "links")["links"])


def test_nothing_is_sent_in_answer(lab: Lab) -> None:
    """The node sends no more than as long without an attack, and nothing to where nobody of the fleet is."""
    with Attacker(lab, "fra", seed=3) as attacker:
        recorded, _ = attacker.watch(2.0)
        _, calm = attacker.watch(2.0)
        frames = list(attacker.every_kind(recorded, 8_000))
        sender = threading.Thread(target=attacker.send, args=(iter(frames), 5_000.0))
        with Attacker(lab, "fra") as watcher:
            sender.start()
            _, attacked = watcher.watch(2.0)
            sender.join()
    peers = {socket.inet_aton("10.77.0.1"), socket.inet_aton("10.77.0.3")}
    assert {frame[30:34] for frame in attacked} <= peers
    assert len(calm) > 300
    assert abs(len(attacked) - len(calm)) < 0.1 * len(calm), "an answer each would be 8,000 more"
    assert all(frame[43] == 0xC0 and frame[44:46] == b"\x88\xb5" for frame in attacked), "keep-alives, nothing else"


def flood(lab: Lab, origin: Origin, tmp_path: Path, count: int) -> None:
    with sockets.inside(lab, "amslan"):
        out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind(("ams", 0))
    mac = bytes.fromhex(lab.show("ams", "port info 1")["ports"][0]["mac"].replace(":", ""))
    copy = tmp_path / "copy"
    with Account(lab) as account, Conversation(lab) as talk, ProbeStream(lab, vip("ipv4")) as stream:
        download = clients.start_curl(lab, "-o", str(copy), "--limit-rate", "4M", url("ipv4", "file.bin"))
        begun = time.monotonic()
        for sent, frame in enumerate(syn_flood(mac, vip("ipv4"), 80, count)):
            while sent > (time.monotonic() - begun) * SYN_RATE:
                time.sleep(0.002)
            send_patiently(out, frame)
        _, errors = download.communicate()
    out.close()
    assert download.returncode == 0, errors
    assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "file.bin")
    pauses = {node.name: lab.show(node.name, "lcores")["lcores"][0]["longest_pause_ms"] for node in lab.topology.nodes}
    harm = (talk.retransmissions / talk.exchanges, stream.report["lost"] / stream.report["sent"])
    assert max(harm) < PAUSES_COST, (harm, account.dropped, pauses)
    flows = lab.show("ams", "flows")
    assert flows["exhausted"] > 0 or count < flows["capacity"], "the flood was larger than the table"
    # It took the ports that the egress has for this origin; who comes next gets one when those flows are forgotten.
    wait_until(lambda: lab.show("sin", "flows")["total"] < 1_000, "the flood is forgotten", timeout_s=30)


def test_syn_flood_costs_no_established_flow_anything(lab: Lab, origin: Origin, tmp_path: Path) -> None:
    flood(lab, origin, tmp_path, SYNS)


@pytest.mark.long
def test_syn_flood_of_a_million(lab: Lab, origin: Origin, tmp_path: Path) -> None:
    flood(lab, origin, tmp_path, 1_000_000)


def wait_for_both_ways(lab: Lab) -> None:
    wait_for_path(lab, RELAYED)
    wait_for_path(lab, ["fra", "ams"], source="sin")


def epochs(lab: Lab) -> dict[tuple[str, str], int | None]:
    return {(node.name, link["peer"]): link["key_epoch"] for node in lab.topology.nodes
            for link in lab.show(node.name, "links")["links"]}


def test_secrets_are_replaced_without_a_lost_packet(lab: Lab, origin: Origin, tmp_path: Path) -> None:
    """The three steps of docs/operating.md, each on every node, during a download."""
    file = lab.folder / "secrets"
    old, new = file.read_text(), f"fleet {secrets.token_hex(32)}\n"
    copy = tmp_path / "copy"
    assert None not in epochs(lab).values()
    wait_for_both_ways(lab)
    with Conversation(lab) as talk, ProbeStream(lab, vip("ipv4")) as stream:
        download = clients.start_curl(lab, "-o", str(copy), "--limit-rate", "8M", url("ipv4", "file.bin"))
        for content in (old + new, new + old, new):
            file.write_text(content)
            for node in ("sin", "ams", "fra"):
                hang_up(lab, node, "link secrets are replaced")
                time.sleep(0.3)  # handshakes, if there are any, cross with the traffic
        time.sleep(1)
        _, errors = download.communicate()
    assert download.returncode == 0, errors
    assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "file.bin")
    assert stream.report["lost"] == 0
    assert talk.retransmissions == 0
    assert None not in epochs(lab).values()
    # The old secret opens nothing any more: a node that comes back with it stays outside.
    file.write_text(old)
    lab.restart("fra")
    file.write_text(new)
    wait_until(lambda: epochs(lab)["ams", "sin"] is not None, "the others have keys")
    time.sleep(1)
    assert {epoch for (node, _), epoch in epochs(lab).items() if node == "fra"} == {None}
    hang_up(lab, "fra", "link secrets are replaced")
    wait_for_both_ways(lab)


@pytest.mark.parametrize(("spoil", "word"), [
    (lambda file: file.write_text("fleet 123\n"), "secrets:1"),
    (lambda file: file.chmod(0o644), "chmod 600"),
], ids=["mistake", "readable-by-others"])
def test_a_bad_secrets_file_changes_nothing(lab: Lab, spoil: Callable[[Path], object], word: str) -> None:
    file = lab.folder / "secrets"
    good, before = file.read_text(), epochs(lab)
    try:
        spoil(file)
        hang_up(lab, "ams", "link secrets stay as they are")
        told = [line for line in lab.log("ams").read_text().splitlines() if "link secrets stay" in line]
        assert word in told[-1]
    finally:
        file.chmod(0o600)
        file.write_text(good)
    assert epochs(lab) == before
    wait_for_both_ways(lab)
    assert clients.ping(lab, vip("ipv4"), count=3) == 3


def sealed(frames: list[bytes], source: str, destination: str) -> list[bytes]:
    """Those of one node to another."""
    ends = socket.inet_aton(WAN_ADDRESS[source]) + socket.inet_aton(WAN_ADDRESS[destination])
    return [frame for frame in frames if frame[26:34] == ends and frame[OVERLAY_AT + 40] != CLEAR_EPOCH]


def most_alike(frames: list[bytes]) -> tuple[int, int]:
    """Of packets of one node to another: how many pairs have the same number, and in how many of their first sealed bytes those
    agree that agree most. Under one key they would differ only where their plaintexts do; under two, any 10 of 20 agree once
    in 2^62 pairs."""
    by_number: dict[bytes, list[bytes]] = {}
    agreed = [0]
    for frame in frames:
        kind = frame[OVERLAY_AT + 1:OVERLAY_AT + 2]  # control or not
        number = frame[OVERLAY_AT + 24:OVERLAY_AT + 32]
        text = frame[TEXT_AT:TEXT_AT + HEAD_BYTES]
        others = by_number.setdefault(kind + number, [])
        agreed += [sum(a == b for a, b in zip(text, other)) for other in others]
        others.append(text)
    return len(agreed) - 1, max(agreed)


@pytest.mark.parametrize("killed", ["fra", "sin"])
def test_a_killed_nodes_former_life_is_worth_nothing(lab: Lab, origin: Origin, killed: str) -> None:
    """kill -9 under load of either end of the link from fra to sin, twice, so that both lives count packets from the beginning:
    they never seal under the same key and number, and sin takes nothing that was sealed for the life before."""
    both_ways = (("fra", "sin"), ("sin", "fra"))
    recorded: list[bytes] = []
    with Attacker(lab, "sin") as attacker, ProbeStream(lab, vip("ipv4")):
        for _ in range(2):
            former = [frame for peer in ("ams", "fra") for frame in sealed(recorded, peer, "sin")]
            with attacker.recording() as frames:
                lab.kill(killed, signal.SIGKILL)
                died_at = len(frames)
                lab.restart(killed)
                wait_until(lambda: all(len(sealed(frames[died_at:], *way)) > BEGINNING for way in both_ways), "both ends seal again")
            recorded += frames
        before = refused(lab, "sin")
        sent = attacker.send(iter(former), RATE)
        wait_until(lambda: refused(lab, "sin") - before >= sent, f"all {sent} are refused")
    assert sent > BEGINNING
    assert refused(lab, "sin") - before == sent
    for way in both_ways:
        pairs, alike = most_alike(sealed(recorded, *way))
        print(f"{way}: {pairs} pairs with the same number, at most {alike} of {HEAD_BYTES} bytes alike")
        assert alike < HEAD_BYTES / 2
        assert way[0] != killed or pairs > BEGINNING / 2, "its lives count from the beginning"
