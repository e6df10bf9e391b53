"""bfd_lab.py -- The rival: the kernel forwards, FRR's bgpd with bfdd leaves a dead link for a static way over a relay.

    client -- near ---- far -- origin        the link that BFD watches
                \\      /
                 relay                       links of the same RTT, the way round

Both ends run zebra, staticd, bgpd and bfdd as Debian's package brings them. The route over the link comes from BGP, which
takes it back when its neighbour's BFD session goes down; the static route behind it has the greater distance.
"""

import json
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

from izar_perf.outage import Cut
from izar_perf.overlay_lab import ROOT, Lab, parse_topology, wait_until
from izar_perf.suite import Context, SuiteFailed

from izar_lab import addresses  # found by what overlay_lab did to the module path

DAEMONS = pathlib.Path("/usr/lib/frr")
ENDS = ("near", "far")
STEADY_S = 1  # a session is fast only after it came up

BFDD_CONFIG = """debug bfd peer
bfd
 profile watch
  transmit-interval {interval_ms}
  receive-interval {interval_ms}
  detect-multiplier {multiplier}
"""
BGPD_CONFIG = """router bgp {own_id}
 bgp router-id {own}
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor {peer} remote-as {peer_id}
 neighbor {peer} timers connect 1
 neighbor {peer} advertisement-interval 0
 neighbor {peer} bfd
 neighbor {peer} bfd profile watch
 address-family ipv4 unicast
  network {own_lan}
"""
STATICD_CONFIG = "ip route {peer_lan} {relay} 200\n"


def topology(link_ms: float, seed: int) -> dict:
    names = [*ENDS, "relay"]
    return {
        "name": "perfbfd",
        "seed": seed,
        "nodes": [{"name": name} for name in names],
        "rtt": {"unit": "ms", "pairs": [[a, b, link_ms] for i, a in enumerate(names) for b in names[i + 1 :]]},
        "hosts": [{"name": "client", "node": "near"}, {"name": "origin", "node": "far"}],
    }


def lan(node_id: int) -> str:
    return f"10.{node_id}.0.0/24"


class BfdLab:
    """FRR as the subject of cuts, like OverlayLab. Intervals in milliseconds."""

    kinds = ("both", "one")

    def __init__(self, context: Context, system: str, link_ms: float, interval_ms: int, multiplier: int) -> None:
        self.system = system
        self.lab = Lab(parse_topology(topology(link_ms, context.seed), ROOT), build=context.build, edges=False)
        self.address = self.lab.topology.host_address("origin")
        self._link_ms = link_ms
        self._timer = {"interval_ms": interval_ms, "multiplier": multiplier}
        self._daemons: list[subprocess.Popen] = []
        self._cuts = 0
        self._alarms_of_other_kinds = 0

    def __enter__(self) -> "BfdLab":
        if not DAEMONS.exists():
            raise SuiteFailed("FRR is not installed; run tools/install")
        self._folder = tempfile.TemporaryDirectory(prefix="perf-frr-")
        self.lab.up()
        try:
            for node in self.lab.topology.nodes:
                self._use_kernel(node)
            for name in ENDS:
                self._start_daemons(name)
            self.settle()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for daemon in self._daemons:
            daemon.terminate()
        for daemon in self._daemons:
            daemon.wait()
        self.lab.down()
        self._folder.cleanup()

    def settle(self) -> None:
        """Until both BFD sessions have been up for a while and the link is used in both directions."""
        wait_until(lambda: all(self._watches(name) and self._goes_direct(name) for name in ENDS), "BFD and BGP up")

    def cut(self, kind: str, dice: random.Random) -> Cut:
        here, there = dice.sample(ENDS, 2)
        at_ms = time.monotonic() * 1000
        self.lab.cut(here, there, one_way=kind == "one")
        self._cuts += 1
        return Cut(at_ms, self._link_ms if kind == "one" else self._link_ms / 2)

    def heal(self, cut: Cut) -> None:
        cut.healed_ms = time.monotonic() * 1000
        self.lab.heal("near", "far")

    def false_alarms(self) -> int:
        """Sessions that went down without a cut since the last call."""
        downs = sum((self._files(name) / "bfdd.log").read_text().count("up -> down") for name in ENDS)
        unexplained = max(0, downs - len(ENDS) * self._cuts) - self._alarms_of_other_kinds
        self._alarms_of_other_kinds += unexplained
        return unexplained

    def _files(self, name: str) -> pathlib.Path:
        return pathlib.Path(self._folder.name) / name

    def _use_kernel(self, node) -> None:
        """Gives wan0 and lan0 to the kernel, which forwards between them. Neighbours are fixed: no ARP over a cut link."""
        lines = [["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"]]
        lines += [["ip", "address", "add", f"{addresses.wan(node.id, 'ipv4')}/24", "dev", "wan0"]]
        lines += [["ip", "address", "add", f"{self.lab.topology.lan_address(node.name)}/24", "dev", "lan0"]]
        lines += [["ip", "link", "set", "dev", "lan0", "arp", "on"]]
        for other in self.lab.topology.nodes:
            if other != node:
                wan = addresses.wan(other.id, "ipv4")
                lines += [["ip", "neighbour", "add", wan, "lladdr", addresses.wan_mac(other.id), "dev", "wan0"]]
                if node.name not in ENDS:
                    lines += [["ip", "route", "add", lan(other.id), "via", wan]]
        for line in lines:
            self.lab.run(node.name, line)

    def _start_daemons(self, name: str) -> None:
        own, peer = (self.lab.topology.node(each).id for each in (name, ENDS[1 - ENDS.index(name)]))
        relay = addresses.wan(self.lab.topology.node("relay").id, "ipv4")
        words = {"own": addresses.wan(own, "ipv4"), "own_id": own, "own_lan": lan(own), "relay": relay}
        words |= {"peer": addresses.wan(peer, "ipv4"), "peer_id": peer, "peer_lan": lan(peer)}
        configs = {"zebra": "", "staticd": STATICD_CONFIG.format(**words), "bfdd": BFDD_CONFIG.format(**self._timer)}
        configs["bgpd"] = BGPD_CONFIG.format(**words)
        files = self._files(name)
        files.mkdir()
        for folder in (files.parent, files):
            shutil.chown(folder, "frr", "frr")
        for daemon, config in configs.items():
            (files / f"{daemon}.conf").write_text(config)
            argv = [str(DAEMONS / daemon), "-f", str(files / f"{daemon}.conf"), "-i", str(files / f"{daemon}.pid")]
            argv += ["-z", str(files / "zserv.api"), "--vty_socket", str(files), "-P", "0"]
            argv += ["--log", f"file:{files / daemon}.log", "--log-level", "debug"]
            argv += ["--bfdctl", str(files / "bfdd.sock")] if daemon == "bfdd" else []
            argv += ["--listenon", words["own"]] if daemon == "bgpd" else []
            self._daemons.append(self.lab.popen(name, argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            # Its control socket is there when it can be asked; the others need zebra's.
            wait_until((files / f"{daemon}.vty").exists, f"{daemon} of {name} starts")

    def _watches(self, name: str) -> bool:
        argv = ["vtysh", "--vty_socket", str(self._files(name)), "-c", "show bfd peers json"]
        sessions = json.loads(self.lab.run(name, argv).stdout or "[]")
        return any(each["status"] == "up" and each["uptime"] >= STEADY_S for each in sessions)

    def _goes_direct(self, name: str) -> bool:
        peer = self.lab.topology.node(ENDS[1 - ENDS.index(name)]).id
        route = self.lab.run(name, ["ip", "route", "get", addresses.host(peer, 0, "ipv4")]).stdout
        return f"via {addresses.wan(peer, 'ipv4')}" in route
