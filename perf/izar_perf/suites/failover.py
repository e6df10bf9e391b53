"""failover.py -- How long a 1 kHz stream is cut off when what it goes over dies; FRR's BFD over the same links beside it.

Each cut comes at a random moment and takes away something that the stream uses at that moment: both directions of a
link, one direction of it, or a relay's process. docs/failover.md says what the columns mean.
"""

import random
import time

from izar_perf.bfd_lab import BfdLab
from izar_perf.outage import Cut, outages
from izar_perf.overlay_lab import OverlayLab, ProbeStream, probe_echo
from izar_perf.statistics import percentile
from izar_perf.suite import Column, Context, Row

SUMMARY = "outage of a stream when links and relays die, beside FRR's BFD"
KEYS = ("system", "kind", "link_ms", "cuts", "outage_p50_ms", "outage_p99_ms", "outage_max_ms", "raw_outage_p99_ms",
        "detect_p50_ms", "detect_p99_ms", "detection_time_max_ms", "false_alarms", "lost_after_heal", "outages_ms")
COLUMNS = (
    Column("system", "system"),
    Column("kind", "kind"),
    Column("link_ms", "link RTT ms", "{:.0f}"),
    Column("cuts", "cuts"),
    Column("outage_p50_ms", "outage p50 ms", "{:.1f}"),
    Column("outage_p99_ms", "p99", "{:.1f}"),
    Column("outage_max_ms", "max", "{:.1f}"),
    Column("raw_outage_p99_ms", "raw p99", "{:.1f}"),
    Column("detect_p99_ms", "detect p99", "{:.1f}"),
    Column("detection_time_max_ms", "asked silence max", "{:.1f}"),
    Column("false_alarms", "false alarms"),
    Column("lost_after_heal", "lost after heal"),
)
TARGETS = ("tools/edge/izar-edge", "tools/wan_emulator/izar-wan", "tools/probe/izar-udp-probe")

LINKS_MS = (5.0, 40.0, 150.0)
# (least and most silence of BFD in ms, multiplier): its default, and the fastest that bfdd takes, which is izar's.
BFD_TIMERS = {"frr-bfd-default": (300, 3), "frr-bfd-tuned": (10, 3)}
REPLIES_AGAIN = 6  # progress lines of 50 ms


def settle_and_wait(subject, dice: random.Random) -> None:
    subject.settle()
    time.sleep(0.2 + dice.uniform(0, 0.1))  # a random phase of the keep-alives


def cut_off(subject, kind: str, link_ms: float, cuts: int, dice: random.Random) -> Row:
    """Cuts what the stream uses, `cuts` times in one stream."""
    made: list[Cut] = []
    with probe_echo(subject.lab, "origin"), ProbeStream(subject.lab, subject.address) as stream:
        stream.wait_for_replies(REPLIES_AGAIN)
        for _ in range(cuts):
            settle_and_wait(subject, dice)
            made.append(subject.cut(kind, dice))
            time.sleep(0.1 + 3 * link_ms / 1000)  # replies under way come in yet
            stream.wait_for_replies(REPLIES_AGAIN)
            subject.heal(made[-1])
        settle_and_wait(subject, dice)
    return row(subject, kind, link_ms, made, stream.report)


def row(subject, kind: str, link_ms: float, made: list[Cut], report: dict) -> Row:
    seen = outages(report, made)
    times = [each.outage_ms for each in seen]
    noticed = [cut.detect_ms for cut in made if cut.detect_ms is not None]
    asked = [cut.detection_time_ms for cut in made if cut.detection_time_ms is not None]
    return {
        "system": subject.system,
        "kind": kind,
        "link_ms": link_ms,
        "cuts": len(made),
        "outage_p50_ms": percentile(times, 50),
        "outage_p99_ms": percentile(times, 99),
        "outage_max_ms": percentile(times, 100),
        "raw_outage_p99_ms": percentile([each.raw_ms for each in seen], 99),
        "detect_p50_ms": percentile(noticed, 50),
        "detect_p99_ms": percentile(noticed, 99),
        "detection_time_max_ms": percentile(asked, 100),
        "false_alarms": subject.false_alarms(),
        "lost_after_heal": sum(each.lost_after for each in seen),
        "outages_ms": [round(time_ms, 1) for time_ms in times],
    }


def measure(context: Context) -> list[Row]:
    dice = random.Random(context.seed)
    rows = []
    links_ms = LINKS_MS[:1] if context.quick else LINKS_MS
    for link_ms in links_ms:
        for kind in OverlayLab.kinds:
            with OverlayLab(context, link_ms) as overlay:
                rows.append(cut_off(overlay, kind, link_ms, 1 if context.quick else 1 + context.runs, dice))
    for system, (interval_ms, multiplier) in BFD_TIMERS.items():
        for link_ms in links_ms:
            with BfdLab(context, system, link_ms, interval_ms, multiplier) as bfd:
                for kind in BfdLab.kinds:
                    rows.append(cut_off(bfd, kind, link_ms, max(1, context.runs // 2), dice))
    return rows
