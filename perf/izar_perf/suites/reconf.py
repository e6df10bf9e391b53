"""reconf.py -- Route tables rewritten 1,000 times a second under a fixed load: packets lost, and bursts that took longer.

The rig of suite forward, ingress role, at a rate that the lcore carries with ease. Every rewrite changes the primary path, so
flows move too. Runs with and without rewrites take turns.
"""

import json

from izar_perf.statistics import median
from izar_perf.suite import Column, Context, Row, SuiteFailed
from izar_perf.suites import forward

SUMMARY = "packets lost and burst times with 1,000 route rewrites a second"
KEYS = ("role", "load_mpps", "rewrites_per_second", "rewrites", "rewrites_late", "sent_packets", "lost_packets",
        "cycles_per_packet", "burst_p50_us", "burst_p99_us", "burst_p999_us", "burst_max_us", "runs", "void_runs")
COLUMNS = (
    Column("load_mpps", "load Mpps", "{:.2f}"),
    Column("rewrites_per_second", "rewrites/s"),
    Column("rewrites", "rewrites"),
    Column("sent_packets", "sent"),
    Column("lost_packets", "lost"),
    Column("cycles_per_packet", "cycles/packet", "{:.1f}"),
    Column("burst_p50_us", "burst p50 us", "{:.2f}"),
    Column("burst_p99_us", "p99", "{:.2f}"),
    Column("burst_p999_us", "p99.9", "{:.2f}"),
    Column("burst_max_us", "max", "{:.0f}"),
)
TARGETS = (forward.RIG,)
LOAD_MPPS = 2.0
REWRITES_PER_SECOND = 1_000
MEDIANS = ("cycles_per_packet", "burst_p50_us", "burst_p99_us", "burst_p999_us", "burst_max_us")
SUMS = ("rewrites", "rewrites_late", "sent_packets")


def row(load_mpps: float, rewrites: int, trials: list[dict]) -> Row:
    good = [trial for trial in trials if trial["accounted"]]
    out: Row = {"role": "ingress", "load_mpps": load_mpps, "rewrites_per_second": rewrites}
    out |= {key: sum(trial[key] for trial in good) for key in SUMS}
    # Over void runs too: a packet that is gone without a verdict is what makes a run void.
    out["lost_packets"] = sum(t["sent_packets"] + t["made_packets"] - t["received_packets"] for t in trials)
    out |= {key: median([trial[key] for trial in good]) for key in MEDIANS}
    return out | {"runs": len(good), "void_runs": len(trials) - len(good)}


def measure(context: Context) -> list[Row]:
    command = [context.program(forward.RIG), "--reconf", "--role", "ingress", "--flows", "1000"]
    command += ["--load-mpps", str(LOAD_MPPS), "--rewrites", str(REWRITES_PER_SECOND)]
    command += ["--runs", str(context.runs), "--trial-ms", "200" if context.quick else "5000"]
    trials = json.loads(context.capture(command))["trials"]
    rows = []
    for rewrites in (0, REWRITES_PER_SECOND):
        rows.append(row(LOAD_MPPS, rewrites, [t for t in trials if t["rewrites_per_second"] == rewrites]))
        if rows[-1]["runs"] == 0:
            raise SuiteFailed(f"every run with {rewrites} rewrites a second is void: {json.dumps(trials)}")
    return rows
