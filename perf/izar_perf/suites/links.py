"""links.py -- What a node with up to 1,000 links spends on keep-alives, of a core: links_bench.cc, encrypted, virtual time."""

import json

from izar_perf.statistics import median, spread_percent
from izar_perf.suite import Column, Context, Row

SUMMARY = "share of a core that keep-alives of 10 to 1,000 encrypted links take, of the lcore and of the scheduler thread"
COSTS = ("lcore_percent_of_core", "scheduler_percent_of_core")
KEYS = ("links", "links_up", "path_probes_answered_percent", "interval_ms", "heard_pps", "sent_pps", *COSTS,
        "goal_percent_of_core", "reports_lost", "runs", "spread_percent")
COLUMNS = (
    Column("links", "links"),
    Column("links_up", "up"),
    Column("path_probes_answered_percent", "path probes answered %"),
    Column("heard_pps", "heard/s"),
    Column("sent_pps", "sent/s"),
    Column("lcore_percent_of_core", "lcore, % of a core", "{:.2f}"),
    Column("goal_percent_of_core", "goal", "{:.0f}"),
    Column("spread_percent", "spread %", "{:.1f}"),
    Column("scheduler_percent_of_core", "scheduler, % of a core", "{:.2f}"),
    Column("reports_lost", "reports lost"),
)
BENCH = "perf/links_bench"
TARGETS = (BENCH,)
CASES = ((10, 100), (100, 100), (1_000, 100), (1_000, 50))  # links, percent of path probes that are answered
GOAL_PERCENT = 10.0


def measure(context: Context) -> list[Row]:
    rows = []
    for links, answered in CASES[:1] if context.quick else CASES:
        command = [context.program(BENCH), str(links), "1" if context.quick else "5", str(answered)]
        runs = [json.loads(context.capture(command)) for _ in range(context.runs)]
        costs = {key: median([run[key] for run in runs], 3) for key in COSTS}
        spread = spread_percent([run[COSTS[0]] for run in runs])
        rows.append(runs[0] | costs | {"goal_percent_of_core": GOAL_PERCENT, "runs": len(runs), "spread_percent": spread,
                                       "reports_lost": max(run["reports_lost"] for run in runs)})
    return rows
