"""alarms.py -- Links that are taken for dead though nobody touched them: idle, and with iperf3 on every cycle of the machine.

Then, under the same load, real cuts: the silence asked for is stretched by the load's jitter, and this is what it costs.
"""

import contextlib
import random
import subprocess
import time

from izar_perf.overlay_lab import VIP, OverlayLab
from izar_perf.statistics import percentile
from izar_perf.suite import Column, Context, Row
from izar_perf.suites import failover

SUMMARY = "false alarms of links nobody touched, idle and under load, and fail-over under that load"
KEYS = ("system", "load", "minutes", "links", "false_alarms", "detection_time_p50_ms", "detection_time_max_ms", "cuts",
        "outage_p50_ms", "outage_max_ms", "raw_outage_max_ms", "outages_ms")
COLUMNS = (
    Column("load", "load"),
    Column("minutes", "minutes", "{:.1f}"),
    Column("links", "links"),
    Column("false_alarms", "false alarms"),
    Column("detection_time_p50_ms", "asked silence p50 ms", "{:.1f}"),
    Column("detection_time_max_ms", "max", "{:.1f}"),
    Column("cuts", "cuts"),
    Column("outage_p50_ms", "outage p50 ms", "{:.1f}"),
    Column("outage_max_ms", "max", "{:.1f}"),
)
TARGETS = failover.TARGETS

LINK_MS = 5.0  # short, so that one TCP connection fills the machine
LOOK_S = 1.0


@contextlib.contextmanager
def iperf3(lab):
    """TCP through the overlay as fast as two cores carry it."""
    server = lab.popen("origin", ["iperf3", "-s"], stdout=subprocess.DEVNULL)
    client = lab.popen("client", ["iperf3", "-c", VIP, "-t", "86400", "-P", "4"], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        for process in (client, server):
            process.terminate()
            process.wait()


LOADS = {"none": lambda lab: contextlib.nullcontext(), "iperf3": iperf3}


def watch(overlay: OverlayLab, minutes: float) -> tuple[list[float], int]:
    """Detection times seen meanwhile, and false alarms."""
    seen: list[float] = []
    deadline = time.monotonic() + 60 * minutes
    while time.monotonic() < deadline:
        seen += overlay.detection_ms()
        time.sleep(LOOK_S)
    return seen, overlay.false_alarms()


def measure(context: Context) -> list[Row]:
    rows = []
    minutes = 0.05 if context.quick else float(context.runs)
    cuts = 1 if context.quick else context.runs
    for load, start in LOADS.items():
        with OverlayLab(context, LINK_MS) as overlay, start(overlay.lab):
            detection_ms, false_alarms = watch(overlay, minutes)
            cut = failover.cut_off(overlay, "both", LINK_MS, cuts, random.Random(context.seed))
            rows.append({
                "system": overlay.system,
                "load": load,
                "minutes": minutes,
                "links": len(overlay.detection_ms()),
                "false_alarms": false_alarms,
                "detection_time_p50_ms": percentile(detection_ms, 50),
                "detection_time_max_ms": percentile(detection_ms, 100),
                "cuts": cut["cuts"],
                "outage_p50_ms": cut["outage_p50_ms"],
                "outage_max_ms": cut["outage_max_ms"],
                "raw_outage_max_ms": cut["raw_outage_p99_ms"],
                "outages_ms": cut["outages_ms"],
            })
    return rows
