"""scale.py -- 1 to all cores: lcores of one node over ports of as many queues (perf/forward/scale_bench.cc).

Packets come by the queue of the lcore that owns their flow, as where a NIC's hash agrees with izar's, or by all queues in turn,
so that all but one in so many lcores are handed over by ring. A relay keeps no flows and hands nothing over.

Generator and lcores take turns: it fills all receive rings, then they all work at once, each on a core of its own, until the last
packet has left. `mpps` is the median rate of such drains, and the speed-up is against one lcore. On the core that the generator
was on, packets' bytes lie in its caches: `lcore_cycles_per_packet` tells them apart.
"""

import json
import os

from izar_perf.statistics import median, spread_percent
from izar_perf.suite import Column, Context, Row, SuiteFailed

SUMMARY = "cycles per packet, rate and hand-over of 1 to all cores with a queue each"
KEYS = ("role", "lcores", "queues", "arrival", "cycles_per_packet", "lcore_cycles_per_packet", "handed_over_percent", "mpps",
        "speedup", "runs", "void_runs", "spread_percent")
COLUMNS = (
    Column("role", "role"),
    Column("lcores", "lcores"),
    Column("queues", "queues"),
    Column("arrival", "arrival"),
    Column("cycles_per_packet", "cycles/packet", "{:.1f}"),
    Column("spread_percent", "spread %", "{:.1f}"),
    Column("handed_over_percent", "handed over %", "{:.1f}"),
    Column("mpps", "Mpps", "{:.2f}"),
    Column("speedup", "speed-up", "{:.2f}"),
    Column("runs", "runs"),
    Column("void_runs", "void"),
)
PROGRAM = "perf/forward/izar-perf-scale"
TARGETS = (PROGRAM,)
ROLES = ("ingress", "relay", "egress")
ARRIVALS = ("owner", "in_turn")  # by the queue of the flow's owner, by all in turn
MOST_LCORES = 16


def scenarios(quick: bool, cores: int) -> list[dict]:
    counts = [1, cores] if quick else [count for count in (1, 2, 3, 4, 6, 8, 12, 16) if count < cores] + [cores]
    return [{"role": role, "lcores": lcores, "arrival": arrival}
            for role in (ROLES[:1] if quick else ROLES)
            for lcores in dict.fromkeys(min(count, MOST_LCORES) for count in counts)
            for arrival in ARRIVALS
            # One lcore owns all flows, and a relay none.
            if arrival == "in_turn" or (lcores > 1 and role != "relay")]


def row(scenario: dict, result: dict) -> Row:
    """Without the speed-up, which needs the row of one lcore."""
    good = [trial for trial in result["trials"] if trial["accounted"]]
    if not good:
        raise SuiteFailed(f"{scenario}: every run is void, because the counters of generator and node differ: {result['trials']}")
    of_lcores = zip(*(trial["lcore_cycles_per_packet"] for trial in good))
    return scenario | {
        "queues": scenario["lcores"],
        "cycles_per_packet": median([trial["cycles_per_packet"] for trial in good], 1),
        "handed_over_percent": median([trial["handed_over_percent"] for trial in good], 1),
        "lcore_cycles_per_packet": [median(each, 1) for each in of_lcores],
        "mpps": median([trial["mpps"] for trial in good]),
        "runs": len(good),
        "void_runs": len(result["trials"]) - len(good),
        "spread_percent": spread_percent([trial["mpps"] for trial in good]),
    }


def measure(context: Context) -> list[Row]:
    rows = []
    for scenario in context.chosen(scenarios(context.quick, len(os.sched_getaffinity(0)))):
        command = [context.program(PROGRAM), "--role", scenario["role"], "--lcores", str(scenario["lcores"]),
                   "--runs", str(context.runs), "--trial-ms", "50" if context.quick else "500"]
        command += ["--steers"] if scenario["arrival"] == "owner" else []
        rows.append(row(scenario, json.loads(context.capture(command))))
    alone = {each["role"]: each["mpps"] for each in rows if each["lcores"] == 1}
    return [each | {"speedup": round(each["mpps"] / alone[each["role"]], 3) if each["role"] in alone else None}
            for each in rows]
