"""overlay_lab.py -- The overlay whose links are cut: an ingress, an egress and three relays, every used link equally long.

    client -- near -- west | mid | east -- far -- origin

A path over one relay has two links of the asked RTT; the direct link of near and far is longer than that by far, so
there is always one way in use and two more as short.
"""

import random
import signal
import sys
import time

from izar_perf.outage import Cut
from izar_perf.suite import ROOT, Context, SuiteFailed

sys.path.insert(0, str(ROOT / "tools" / "lab"))
from izar_lab.lab import Lab  # noqa: E402
from izar_lab.probe_stream import ProbeStream, probe_echo  # noqa: E402
from izar_lab.topology import parse_topology  # noqa: E402

RELAYS = ("west", "mid", "east")
NODES = ("near", "far", *RELAYS)
VIP = "10.99.0.80"
KINDS = ("both", "one", "node")  # directions of a link, one direction of it, a relay's process
PATIENCE_S = 60.0
POLL_S = 0.02


def topology(link_ms: float, seed: int) -> dict:
    pairs = [[end, relay, link_ms] for end in ("near", "far") for relay in RELAYS]
    pairs += [[a, b, link_ms] for i, a in enumerate(RELAYS) for b in RELAYS[i + 1 :]]
    return {
        "name": "perffail",
        "seed": seed,
        "nodes": [{"name": name} for name in NODES],
        "rtt": {"unit": "ms", "pairs": [*pairs, ["near", "far", 3 * link_ms + 20]]},
        "hosts": [{"name": "client", "node": "near"}, {"name": "origin", "node": "far"}],
        "services": [
            {"id": 1, "name": "probe", "vip": VIP, "protocol": "udp", "ports": 7000, "egress": ["far"],
             "origins": [{"host": "origin"}]},
            {"id": 2, "name": "iperf", "vip": VIP, "protocol": "tcp", "ports": 5201, "egress": ["far"],
             "origins": [{"host": "origin"}]},
        ],
    }


def wait_until(is_true, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_true():
        if time.monotonic() > deadline:
            raise SuiteFailed(f"not within {PATIENCE_S:.0f} s: {what}; see the lab's logs, or repeat on a quieter machine")
        time.sleep(POLL_S)


class OverlayLab:
    """izar as the subject of cuts. From entering to leaving the block; one kind of cut at a time."""

    system = "izar"
    address = VIP
    kinds = KINDS

    def __init__(self, context: Context, link_ms: float) -> None:
        self.lab = Lab(parse_topology(topology(link_ms, context.seed), ROOT), build=context.build)
        self._link_ms = link_ms
        self._expected: dict[tuple[str, str], int] = {}  # times that a node's link had to go down
        self._undo = lambda: None

    def __enter__(self) -> "OverlayLab":
        self.lab.up()
        self.settle()
        self._before = self._times_down()
        return self

    def __exit__(self, *_: object) -> None:
        self.lab.down()

    def settle(self) -> None:
        """Until every link is up and both directions of the stream go over one relay."""
        wait_until(lambda: all(row["state"] == "up" for name in NODES for row in self._links(name)), "all links up")
        self._relays()

    def cut(self, kind: str, dice: random.Random) -> Cut:
        """Cuts something that the stream uses."""
        out, back = self._relays()
        if kind == "node":
            return self._kill(out)
        here, there = dice.choice([("near", out), (out, "far"), ("far", back), (back, "near")])
        detection_ms = max(self._link(here, there)["detection_ms"], self._link(there, here)["detection_ms"])
        at_ms = time.monotonic() * 1000
        self.lab.cut(here, there, one_way=kind == "one")
        self._undo = lambda: self.lab.heal(here, there)
        self._watched = [(here, there)] if kind == "one" else [(here, there), (there, here)]
        self._expect([(here, there), (there, here)])
        return Cut(at_ms, self._link_ms if kind == "one" else self._link_ms / 2, detection_time_ms=detection_ms)

    def heal(self, cut: Cut) -> None:
        """Notes when the cut was detected, and takes it back."""
        noticed = [self._down_since_ms(*link) for link in self._watched]
        if None not in noticed:
            # A node's last keep-alive is one way under way, whatever a packet on its way to it has to add.
            travel_ms = cut.travel_ms if self._watched[0][1] not in self._dead() else self._link_ms / 2
            cut.detect_ms = max(noticed) - cut.at_ms - travel_ms
        cut.healed_ms = time.monotonic() * 1000
        self._undo()

    def false_alarms(self) -> int:
        """Links that went down without having been cut."""
        now = self._times_down()
        return sum(max(0, now[link] - self._before[link] - self._expected.get(link, 0)) for link in now)

    def detection_ms(self) -> list[float]:
        """Of every link, the silence that would be taken for its death now."""
        return [row["detection_ms"] for name in NODES for row in self._links(name)]

    def _kill(self, relay: str) -> Cut:
        detection_ms = max(self._link(end, relay)["detection_ms"] for end in ("near", "far"))
        at_ms = time.monotonic() * 1000
        self.lab.kill(relay, signal.SIGKILL)
        self._undo = lambda: self.lab.restart(relay)
        self._watched = [("near", relay), ("far", relay)]
        self._expect([(name, relay) for name in NODES if name != relay])
        # Its own links start anew and count from 0.
        self._before |= {(relay, name): 0 for name in NODES if name != relay}
        return Cut(at_ms, self._link_ms, detection_time_ms=detection_ms)

    def _expect(self, links: list[tuple[str, str]]) -> None:
        for link in links:
            self._expected[link] = self._expected.get(link, 0) + 1

    def _dead(self) -> list[str]:
        return [name for name in NODES if self.lab.process(name) is None]

    def _down_since_ms(self, node: str, peer: str) -> float | None:
        row = self._link(node, peer)
        return time.monotonic() * 1000 - row["last_change_ms"] if row["state"] == "down" else None

    def _times_down(self) -> dict[tuple[str, str], int]:
        return {(name, row["peer"]): row["changes"] for name in NODES for row in self._links(name)}

    def _links(self, node: str) -> list[dict]:
        return self.lab.show(node, "links")["links"]

    def _link(self, node: str, peer: str) -> dict:
        return next(row for row in self._links(node) if row["peer"] == peer)

    def _relays(self) -> tuple[str, str]:
        """Of the paths there and back. Waits for them: where false alarms come, there is none for a moment."""
        found: list[str | None] = []

        def found_both() -> bool:
            found[:] = [self._relay("near", "far"), self._relay("far", "near")]
            return None not in found

        wait_until(found_both, "a path over a relay")
        return found[0], found[1]

    def _relay(self, source: str, destination: str) -> str | None:
        """The relay of the path in use; None if there is none."""
        paths = self.lab.show(source, "paths")["paths"]
        segments = next((row["segments"] for row in paths if row["destination"] == destination), [])
        return segments[0] if len(segments) == 2 else None
