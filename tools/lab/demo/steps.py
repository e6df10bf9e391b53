"""The steps of the demo. Each returns its part of the report (docs/demo.md) and prints one row."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from izar_lab import LabError
from izar_lab.lab import Lab
from izar_lab.probe_stream import ProbeStream

from demo import overlay, traffic
from demo.outage import outage_ms
from demo.screen import Screen
from demo.servers import FILE_BYTES, Servers

REWRITES_PER_S = 1000
RECOVERY_S = 10.0  # longest time a step waits for the overlay to help itself
CALM_S = 1.0  # of a probe stream before and after something is done to it
BEST_PATH = [overlay.INGRESS, "mumbai", overlay.EGRESS]


class Steps:
    def __init__(self, lab: Lab, servers: Servers, screen: Screen, folder: Path) -> None:
        self.lab = lab
        self.servers = servers
        self.screen = screen
        self.folder = folder
        self.accounted = True

    def check_account(self) -> None:
        self.accounted = overlay.is_accounted(self.lab) and self.accounted

    def paths(self) -> dict[str, Any]:
        self.screen.begin("round trip")
        overlay.wait_until_settled(self.lab, BEST_PATH)
        row = overlay.path_row(self.lab)
        direct = overlay.link_rtt_ms(self.lab, overlay.INGRESS, overlay.EGRESS)
        measured = traffic.ping_rtt_ms(self.lab)
        good = direct is not None and measured is not None and measured < direct
        self.screen.end(f"direct link {_ms(direct)}, client to origin over the overlay {_ms(measured)}", good)
        self.screen.begin("path")
        chosen = overlay.path(self.lab)
        self.screen.end(" > ".join(chosen), len(chosen) == 3)
        self.screen.note(f"predicted {_ms(row['predicted_rtt_ms'])}, the direct link {_ms(direct)}; {row['why']}")
        return {"direct_rtt_ms": direct, "overlay_rtt_ms": measured, "path": chosen}

    def http(self) -> dict[str, Any]:
        """100 MB down, and in it every program of the control plane is killed; 100 MB up without any of them."""
        self.screen.begin("download of 100 MB")
        copy = self.folder / "downloaded.bin"
        killed = []
        with ProbeStream(self.lab, traffic.VIP) as stream:
            download = self._transfer("download", copy, lambda: killed.append(self.lab.control_plane.kill()))
        lost = stream.report["lost"]
        self.screen.begin("control plane killed")
        self.screen.end(f"kill -9 of {killed[0]} programs, controller and agents, in it: {lost} of {stream.report['sent']} "
                        "probes lost", lost == 0)
        self.screen.begin("upload of 100 MB")
        upload = self._transfer("upload", self.servers.upload)
        return {"http": download, "control_kill": {"killed": killed[0], "lost": lost}, "upload": upload}

    def _transfer(self, direction: str, copy: Path, during: Callable[[], Any] | None = None) -> dict[str, Any]:
        """`during` is called when the transfer has got some way."""
        source = self.servers.download
        if direction == "download":
            done = traffic.download(self.lab, copy, during=during)
        else:
            done = traffic.upload(self.lab, source)
        same = copy.exists() and traffic.sha256(copy) == traffic.sha256(source)
        if done["seconds"]:
            rate = f", {done['bytes'] * 8 / done['seconds'] / 1e6:.0f} Mbit/s"
        else:
            rate = f": {done.get('error')}"
        self.screen.end(f"{done['bytes']} bytes{rate}, checksums {'match' if same else 'differ'}", same)
        return {"bytes": done["bytes"], "sha256_ok": same}

    def control_back(self) -> dict[str, Any]:
        """Starts what http() killed."""
        self.screen.begin("control plane back")
        plane = self.lab.control_plane
        for name in plane.programs():
            plane.start_program(name)
        wanted, begun = len(plane.agents()), time.monotonic()
        while (agents := plane.connected_agents()) < wanted and time.monotonic() < begun + RECOVERY_S:
            time.sleep(overlay.POLL_S)
        took = (time.monotonic() - begun) * 1000
        self.screen.end(f"{agents} of {wanted} agents connected after {took:.0f} ms", agents == wanted)
        return {"control_back": {"agents": agents, "after_ms": took if agents == wanted else None}}

    def exchanges(self) -> dict[str, Any]:
        self.screen.begin("UDP")
        with ProbeStream(self.lab, traffic.VIP) as stream:
            stream.run_for(3)
        sent, received = stream.report["sent"], stream.report["received"]
        dns = traffic.dig(self.lab, traffic.VIP, "A")
        self.screen.end(f"{received} of {sent} probes answered, dig {_word(dns)}", dns and sent == received)
        self.screen.begin("iperf3")
        runs = {"up": traffic.iperf(self.lab), "down": traffic.iperf(self.lab, "-R"),
                "UDP": traffic.iperf(self.lab, "-u", "-b", "20M")}
        good = all(run is not None for run in runs.values())
        self.screen.end(", ".join(f"{name} {_rate(run)}" for name, run in runs.items()), good)
        self.screen.begin("IPv6")
        copy = self.folder / "downloaded6.bin"
        fetched = traffic.download(self.lab, copy, traffic.VIP6)["bytes"] == FILE_BYTES
        checks = {"curl": fetched and traffic.sha256(copy) == traffic.sha256(self.servers.download),
                  "dig": traffic.dig(self.lab, traffic.VIP6, "AAAA"),
                  "ping": traffic.ping_rtt_ms(self.lab, traffic.VIP6) is not None}
        self.screen.end(", ".join(f"{name} {_word(done)}" for name, done in checks.items()), all(checks.values()))
        return {"udp": {"sent": sent, "received": received}, "ipv6_ok": all(checks.values()),
                "dns_ok": dns, "iperf_ok": good}

    def slow_link(self) -> dict[str, Any]:
        """The first link of the path becomes 120 ms slower each way."""
        a, b = overlay.path(self.lab)[:2]
        self.screen.begin("link made slow")
        delay = self.lab.topology.one_way_ms(a, b)
        with ProbeStream(self.lab, traffic.VIP) as stream:
            stream.run_for(CALM_S)
            self.lab.set_link(a, b, delay_ms=delay + 120)
            moved = overlay.wait_for_path(self.lab, lambda path: len(path) > 1 and path[1] != b, RECOVERY_S)
            way = overlay.path(self.lab)
            stream.run_for(CALM_S)
            self.lab.set_link(a, b, delay_ms=delay)
            stream.run_for(CALM_S)
        lost = stream.report["lost"]
        self.screen.end(f"{a}-{b} +120 ms: now {' > '.join(way)} after {_ms(moved)}, {lost} packets lost",
                        moved is not None and lost == 0)
        return {"slow_link": {"moved_after_ms": moved, "lost": lost}}

    def cut(self) -> dict[str, Any]:
        overlay.wait_until_settled(self.lab, BEST_PATH)
        a, b = overlay.path(self.lab)[:2]
        self.screen.begin("link cut")
        with ProbeStream(self.lab, traffic.VIP) as stream:
            stream.run_for(CALM_S)
            at = time.monotonic()
            self.lab.cut(a, b)
            overlay.wait_for_path(self.lab, lambda path: len(path) > 1 and path[1] != b, RECOVERY_S)
            way = overlay.path(self.lab)
            stream.run_for(CALM_S)
        self.lab.heal(a, b)
        travel = self.lab.topology.one_way_ms(a, b)
        outage = outage_ms(stream.report, at, travel, travel)
        self.screen.end(f"{a}-{b}: now {' > '.join(way)}, outage {_ms(outage)}", _is_short(outage))
        return {"cut": {"outage_ms": outage}}

    def rewrites(self) -> dict[str, Any]:
        overlay.wait_until_settled(self.lab, BEST_PATH)
        self.screen.begin("routes rewritten")
        copy = self.folder / "rewritten.bin"
        self._set_rewrites(REWRITES_PER_S)
        before, begun = self._generation(), time.monotonic()
        with ProbeStream(self.lab, traffic.VIP) as stream:
            loader = traffic.start_download(self.lab, copy)
            loaded = loader.wait() == 0
            stream.run_for(CALM_S)
        per_s = (self._generation() - before) / (time.monotonic() - begun)
        self._set_rewrites(0)
        lost = stream.report["lost"]
        same = loaded and traffic.sha256(copy) == traffic.sha256(self.servers.download)
        self.screen.end(f"{per_s:.0f} a second during a download: {lost} packets lost, file {_word(same)}",
                        same and lost == 0)
        return {"rewrites": {"per_s": round(per_s), "lost_packets": lost}}

    def _set_rewrites(self, per_s: int) -> None:
        for node in self.lab.topology.nodes:
            self.lab.command(node.name, f"set rewrites {per_s}")

    def _generation(self) -> int:
        return self.lab.show(overlay.INGRESS, "status")["generation"]

    def relay_kill(self) -> dict[str, Any]:
        overlay.wait_until_settled(self.lab, BEST_PATH)
        relay = overlay.path(self.lab)[1]
        self.screen.begin("relay killed")
        with ProbeStream(self.lab, traffic.VIP) as stream:
            stream.run_for(CALM_S)
            at = time.monotonic()
            self.lab.kill(relay, signal.SIGKILL)
            overlay.wait_for_path(self.lab, lambda path: len(path) > 1 and path[1] != relay, RECOVERY_S)
            way = overlay.path(self.lab)
            stream.run_for(CALM_S)
        # A dead node takes with it what is on its way to it, and its silence needs as long to be heard.
        rtt = self.lab.topology.rtt_ms
        outage = outage_ms(stream.report, at, rtt[overlay.INGRESS, relay], rtt[overlay.EGRESS, relay])
        self.lab.restart(relay)
        overlay.wait_until_settled(self.lab, BEST_PATH)
        self.screen.end(f"{relay}: now {' > '.join(way)}, outage {_ms(outage)}; back after its restart",
                        _is_short(outage))
        return {"relay_kill": {"outage_ms": outage}}

    def egress_kill(self) -> dict[str, Any]:
        self.screen.begin("egress killed")
        program = ["/usr/bin/python3", str(Path(__file__).with_name("connects.py")), "10.99.0.81", "80"]
        connects = self.lab.popen("client", program, stdout=subprocess.PIPE)
        assert connects.stdout is not None and connects.stdout.readline() == "ready\n"
        time.sleep(CALM_S)
        at_ms = time.monotonic() * 1000
        self.lab.kill(overlay.EGRESS, signal.SIGKILL)
        time.sleep(3 * CALM_S)
        connects.send_signal(signal.SIGTERM)
        report = json.loads(connects.communicate(timeout=10)[0])
        outage = _connect_outage_ms(report, at_ms)
        self.lab.restart(overlay.EGRESS)
        overlay.wait_until_settled(self.lab, None)
        self.screen.end(f"{overlay.EGRESS}: new connections reach singapore2, outage {_ms(outage)}", _is_short(outage))
        return {"egress_kill": {"outage_ms": outage}}


def _connect_outage_ms(report: dict[str, Any], at_ms: float) -> float | None:
    """Span of the start times of failed attempts around the event; None when the last one still failed."""
    failed = [number for number, took in enumerate(report["attempts"]) if took is None]
    if not report["attempts"] or report["attempts"][-1] is None:
        return None
    early = at_ms - report["start_monotonic_ms"] - 1000
    if any(number * report["interval_ms"] < early for number in failed):
        raise LabError("connections failed before anything was done to the overlay")
    return (failed[-1] - failed[0] + 1) * report["interval_ms"] if failed else 0.0


def _is_short(outage_ms: float | None) -> bool:
    return outage_ms is not None and outage_ms < 1000


def _ms(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.1f} ms"


def _word(good: bool) -> str:
    return "good" if good else "failed"


def _rate(run: dict[str, Any] | None) -> str:
    if run is None:
        return "failed"
    total = run.get("sum_received") or run["sum"]
    return f"{total['bits_per_second'] / 1e6:.0f} Mbit/s"
