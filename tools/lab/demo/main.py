"""Runs the demo on a built tree; tools/demo installs and builds first."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from izar_lab import Lab, LabError, load_topology
from izar_lab.lab import DEFAULT_BUILD

from demo.screen import Screen
from demo.servers import FILE_BYTES, Servers
from demo.steps import BEST_PATH, Steps

OUTAGE_LIMIT_MS = 1000
PROGRAMS = 7  # of the control plane: a controller and six agents
TOPOLOGY = Path(__file__).with_name("six-cities.yaml")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/demo", description="izar with real clients and servers, on one machine.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was seen as JSON")
    parser.add_argument("--build", type=Path, default=DEFAULT_BUILD, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report: dict[str, Any] = {"ok": False}
    try:
        run(arguments.build, report)
    except LabError as error:
        print(f"tools/demo: {error}", file=sys.stderr)
        report["error"] = str(error)
    except KeyboardInterrupt:
        return 130
    finally:
        if arguments.json:
            arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if report["ok"] else 1


def run(build: Path, report: dict[str, Any]) -> None:
    """Fills `report` step by step, so that a failing step leaves what was seen before it."""
    screen = Screen()
    screen.begin("lab")
    with tempfile.TemporaryDirectory(prefix="izar-demo-") as folder:
        files = Path(folder)
        files.chmod(0o755)
        with Lab(load_topology(TOPOLOGY), build=build) as lab, Servers(lab, "origin", files / "origin") as servers:
            security = lab.topology.edge.get("security", "aes-gcm")
            screen.end(f"six nodes joined a controller, client in Frankfurt, origin in Singapore; security: {security}")
            steps = Steps(lab, servers, screen, files)
            for step in (steps.paths, steps.http, steps.control_back, steps.exchanges, steps.slow_link, steps.cut, steps.rewrites,
                         steps.relay_kill, steps.egress_kill):
                report.update(step())
                steps.check_account()
            report["accounted"] = steps.accounted
            screen.begin("accounted")
            screen.end("rx + made = tx + dropped + consumed + held at every node", steps.accounted)
    failed = [name for name, good in judge(report).items() if not good]
    report["ok"] = not failed
    print("all of it is true" if not failed else f"not true: {', '.join(failed)}")


def judge(report: dict[str, Any]) -> dict[str, bool]:
    """What must hold for the demo to have shown what it promises, by key of the report."""

    def is_short(outage_ms: float | None) -> bool:
        return outage_ms is not None and outage_ms < OUTAGE_LIMIT_MS

    direct, measured = report["direct_rtt_ms"], report["overlay_rtt_ms"]
    return {
        "overlay_rtt_ms": direct is not None and measured is not None and measured < direct,
        "path": report["path"] == BEST_PATH,
        "http": report["http"] == {"bytes": FILE_BYTES, "sha256_ok": True},
        "upload": report["upload"] == {"bytes": FILE_BYTES, "sha256_ok": True},
        "control_kill": report["control_kill"]["killed"] == PROGRAMS and report["control_kill"]["lost"] == 0
        and report["control_back"]["agents"] == PROGRAMS - 1,
        "udp": report["udp"]["sent"] == report["udp"]["received"] > 0,
        "dns_ok": report["dns_ok"],
        "iperf_ok": report["iperf_ok"],
        "ipv6_ok": report["ipv6_ok"],
        "slow_link": report["slow_link"]["moved_after_ms"] is not None and report["slow_link"]["lost"] == 0,
        "cut": is_short(report["cut"]["outage_ms"]),
        "rewrites": report["rewrites"]["lost_packets"] == 0 and report["rewrites"]["per_s"] >= 950,
        "relay_kill": is_short(report["relay_kill"]["outage_ms"]),
        "egress_kill": is_short(report["egress_kill"]["outage_ms"]),
        "accounted": report["accounted"],
    }
