"""latency.py -- From when a packet was due to when it came back, at 0, 10, 50 and 90 % of the PDR, for one lcore that spins and
one that naps when it is idle.

The rig of suite forward. Every packet is a probe; its clock starts at its due time, so a generator or node that was stopped is
in the figures with every packet it delayed. The null control gets the same loads in the same process: what it shows is
the rig's and the machine's.
"""

from izar_perf.histogram import Histogram
from izar_perf.rig import PROGRAM, Rig
from izar_perf.statistics import median, spread_percent
from izar_perf.suite import Column, Context, Row, SuiteFailed

SUMMARY = "latency to p99.99 of one lcore at 0, 10, 50 and 90 % of PDR, spinning and napping"
PERCENTILES = {"min_us": 0, "p50_us": 50, "p90_us": 90, "p99_us": 99, "p999_us": 99.9, "p9999_us": 99.99, "max_us": 100}
KEYS = ("system", "role", "security", "idle", "load_percent_of_pdr", "load_mpps", "packets", *PERCENTILES, "p50_spread_percent",
        "curve_us", "runs", "void_runs")
COLUMNS = (
    Column("system", "system"),
    Column("role", "role"),
    Column("security", "security"),
    Column("idle", "idle"),
    Column("load_percent_of_pdr", "% of PDR"),
    Column("load_mpps", "Mpps", "{:.2f}"),
    Column("p50_us", "p50 us", "{:.2f}"),
    Column("p90_us", "p90", "{:.2f}"),
    Column("p99_us", "p99", "{:.1f}"),
    Column("p999_us", "p99.9", "{:.0f}"),
    Column("p9999_us", "p99.99", "{:.0f}"),
    Column("max_us", "max", "{:.0f}"),
    Column("packets", "packets"),
)
TARGETS = (PROGRAM,)

LOADS_PERCENT = (0, 10, 50, 90)
IDLE_MPPS = 0.01  # what "0 %" is: one packet in 100 us, so that each meets an idle lcore
SYSTEMS = ("izar", "null")


def scenarios(quick: bool) -> list[dict]:
    if quick:
        return [{"role": "relay", "security": "none", "idle": "spin"}, {"role": "relay", "security": "none", "idle": "sleep"}]
    return [{"role": role, "security": security, "idle": idle}
            for idle in ("spin", "sleep")
            for role in ("ingress", "relay", "egress")
            for security in (("none", "aes-gcm") if idle == "spin" else ("none",))]


def row(system: str, scenario: dict, percent: int, mpps: float, trials: list[dict]) -> Row:
    """Percentiles of all runs merged; the spread is of the runs' medians."""
    good = [trial for trial in trials if trial["accounted"]]
    merged = Histogram([trial["latency_ns_buckets"] for trial in good])
    if merged.count == 0:
        raise SuiteFailed(f"{system} in {scenario} at {percent} %: every run is void, because counters differ")
    out = scenario | {"system": system, "load_percent_of_pdr": percent, "load_mpps": round(mpps, 3)}
    for key, share in PERCENTILES.items():
        told = merged.count * (100 - share) >= 100 or share in (0, 100)  # at least one packet lies beyond
        out[key] = round(merged.percentile(share) / 1000, 3) if told else None
    medians = [Histogram([trial["latency_ns_buckets"]]).percentile(50) for trial in good]
    return out | {"packets": merged.count, "p50_spread_percent": spread_percent(medians), "curve_us": merged.curve(1e-3),
                  "runs": len(good), "void_runs": len(trials) - len(good)}


def measure_scenario(context: Context, scenario: dict) -> list[Row]:
    options = {key: value for key, value in scenario.items() if key != "idle"}
    if scenario["idle"] == "sleep":
        options["naps"] = True
    rows = []
    with Rig(context, flows=1_000, **options) as rig:
        highest = median([rig.ask(system="izar", ms=100, opens_flows=True)["mpps"] for _ in range(3)])
        pdr = rig.rates("izar", highest)["pdr_mpps"] or highest / 2  # of a machine whose pauses leave no rate
        for percent in LOADS_PERCENT:
            mpps = max(pdr * percent / 100, IDLE_MPPS)
            trials: dict[str, list[dict]] = {system: [] for system in SYSTEMS}
            for _ in range(context.runs):
                for system, made in trials.items():
                    made.append(rig.ask(system=system, ms=20 if context.quick else 500, load_mpps=mpps, latency=True))
            rows += [row(system, scenario, percent, mpps, made) for system, made in trials.items()]
    return rows


def measure(context: Context) -> list[Row]:
    return [row for scenario in context.chosen(scenarios(context.quick)) for row in measure_scenario(context, scenario)]
