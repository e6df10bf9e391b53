"""sessions.py -- New flows a second, flows held, and what one takes in memory.

The rig of suite forward: the generator sends one packet of each flow, in order, as fast as the lcore takes them, into tables
that are empty. `cycles_per_flow` is the lcore's time for such a packet: look-up, service, egress or origin, at the egress a NAT
port, and forwarding it. Every run is a process of its own.
"""

from izar_perf.rig import PROGRAM, Rig
from izar_perf.statistics import median, spread_percent
from izar_perf.suite import Column, Context, Row

SUMMARY = "new flows a second of one lcore, flows held, bytes a flow"
KEYS = ("role", "flows", "new_flows_per_s", "cycles_per_flow", "flows_held", "flows_refused", "bytes_per_flow",
        "bytes_per_flow_ipv6", "runs", "spread_percent")
COLUMNS = (
    Column("role", "role"),
    Column("flows", "flows"),
    Column("new_flows_per_s", "new flows/s", "{:,.0f}"),
    Column("cycles_per_flow", "cycles/flow", "{:.0f}"),
    Column("spread_percent", "spread %", "{:.1f}"),
    Column("flows_held", "held"),
    Column("flows_refused", "refused"),
    Column("bytes_per_flow", "bytes", "{:.1f}"),
    Column("bytes_per_flow_ipv6", "IPv6", "{:.1f}"),
)
TARGETS = (PROGRAM,)

ROLES = ("ingress", "egress")  # a relay keeps none
FLOWS = (64_000, 1_000_000, 4_000_000)


def measure_scenario(context: Context, scenario: dict) -> Row:
    trials = []
    for _ in range(context.runs):
        with Rig(context, **scenario) as rig:
            trials.append(rig.ask(open_flows=True))
    rates = [trial["flows_held"] / trial["seconds"] for trial in trials]
    return scenario | {
        "new_flows_per_s": median(rates, 0),
        "cycles_per_flow": median([trial["cycles_per_flow"] for trial in trials], 1),
        "flows_held": min(trial["flows_held"] for trial in trials),
        "flows_refused": max(trial["flows_refused"] for trial in trials),
        "bytes_per_flow": median([trial["bytes_per_flow"] for trial in trials], 2),
        "bytes_per_flow_ipv6": median([trial["bytes_per_flow_ipv6"] for trial in trials], 2),
        "runs": len(trials),
        "spread_percent": spread_percent(rates),
    }


def measure(context: Context) -> list[Row]:
    flows = FLOWS[:1] if context.quick else FLOWS
    scenarios = [{"role": role, "flows": count} for role in ROLES for count in flows]
    return [measure_scenario(context, scenario) for scenario in context.chosen(scenarios)]
