"""reconf.py -- Route tables rewritten and counters read 1,000 times a second under load: packets lost, and bursts that took longer.

The rig of suite forward, ingress role. Every rewrite changes the primary path, so flows move too. Runs with and without
rewrites take turns, first at a rate that the lcore carries with ease and where what finds no room waits: every packet lost
was lost by the node. Then at its NDR, where what finds no room is lost: lost packets over the load is for how long
forwarding was blocked, with the machine's own pauses in both rows.

The last rows, load `replayed`, leave the other core to the scheduler: the node's ports play packets themselves (net_pcap),
so that its lcore is always busy, and beside it runs nothing, a loop that touches no memory (the control), or the
scheduler of a full fleet that builds a table of 1,024 nodes and 4,096 services as often as said, or one after the other.
"""

from izar_perf.histogram import Histogram
from izar_perf.rig import PROGRAM, Rig
from izar_perf.statistics import median, spread_percent
from izar_perf.suite import Column, Context, Row, SuiteFailed

SUMMARY = "packets lost and burst times with 1,000 route rewrites and counter reads a second"
KEYS = ("role", "load", "load_mpps", "rewrites_per_second", "rewrites", "rewrites_late", "offered_packets", "lost_packets",
        "blocked_ms_per_s", "cycles_per_packet", "burst_p50_us", "burst_p99_us", "burst_p999_us", "burst_max_us", "beside",
        "builds_per_second", "tables_built", "build_us", "runs", "void_runs", "spread_percent")
COLUMNS = (
    Column("load", "load"),
    Column("load_mpps", "Mpps", "{:.2f}"),
    Column("rewrites_per_second", "rewrites/s"),
    Column("rewrites", "rewrites"),
    Column("beside", "beside"),
    Column("tables_built", "tables built"),
    Column("build_us", "us each", "{:.0f}"),
    Column("offered_packets", "offered"),
    Column("lost_packets", "lost"),
    Column("blocked_ms_per_s", "blocked ms/s", "{:.3f}"),
    Column("cycles_per_packet", "cycles/packet", "{:.1f}"),
    Column("spread_percent", "spread %", "{:.1f}"),
    Column("burst_p50_us", "burst p50 us", "{:.2f}"),
    Column("burst_p99_us", "p99", "{:.2f}"),
    Column("burst_p999_us", "p99.9", "{:.2f}"),
    Column("burst_max_us", "max", "{:.0f}"),
)
TARGETS = (PROGRAM,)
EASY_MPPS = 2.0
REWRITES_PER_SECOND = 1_000
PERCENTILES = {"burst_p50_us": 50, "burst_p99_us": 99, "burst_p999_us": 99.9, "burst_max_us": 100}
SUMS = ("rewrites", "rewrites_late", "offered_packets")
# What is beside the lcore, and how many tables a second (None: none or one after the other).
BESIDE = (("nothing", None), ("spins", None), ("builds", 50), ("builds", None))


def row(load: str, load_mpps: float | None, rewrites: int | None, trials: list[dict], us_per_cycle: float) -> Row:
    good = [trial for trial in trials if trial["accounted"]]
    if not good:
        raise SuiteFailed(f"every run at load {load} with {rewrites} rewrites a second is void: counters differ")
    bursts = [Histogram([trial["burst_cycles_buckets"]]) for trial in good]
    lost = sum(trial["missing_packets"] for trial in trials)  # of void runs too: what is gone without a verdict makes one
    out: Row = {"role": "ingress", "load": load, "load_mpps": load_mpps, "rewrites_per_second": rewrites}
    out |= {key: sum(trial[key] for trial in good) for key in SUMS}
    out |= {"lost_packets": lost, "runs": len(good), "void_runs": len(trials) - len(good), "beside": None, "builds_per_second": None,
            "tables_built": None, "build_us": None}
    out["blocked_ms_per_s"] = round(1000 * lost / sum(trial["offered_packets"] for trial in trials), 4)
    cycles = [trial["cycles_per_packet"] for trial in good]
    out |= {"cycles_per_packet": median(cycles), "spread_percent": spread_percent(cycles)}
    return out | {key: median([each.percentile(percent) * us_per_cycle for each in bursts])
                  for key, percent in PERCENTILES.items()}


def builds(context: Context) -> list[Row]:
    trials: list[list[dict]] = [[] for _ in BESIDE]
    with Rig(context, role="ingress", flows=1_000, ports="net_pcap") as rig:
        for _ in range(context.runs):
            for (beside, per_second), made in zip(BESIDE, trials):
                made.append(rig.ask(system="izar", ms=200 if context.quick else 4000, beside=beside,
                                    **({} if per_second is None else {"builds_per_second": per_second})))
    rows = []
    for (beside, per_second), made in zip(BESIDE, trials):
        each = row("replayed", median([trial["mpps"] for trial in made]), None, made, 1e6 / made[0]["tsc_hz"])
        built = sum(trial["tables_built"] for trial in made)
        each |= {"beside": beside, "builds_per_second": per_second, "tables_built": built}
        each["build_us"] = 1e6 * sum(trial["building_s"] for trial in made) / built if built else None
        rows.append(each)
    return rows


def measure(context: Context) -> list[Row]:
    rows = []
    with Rig(context, role="ingress", flows=1_000) as rig:
        highest = rig.ask(system="izar", ms=100, opens_flows=True)
        loads = {"easy": EASY_MPPS, "ndr": rig.rates("izar", highest["mpps"])["ndr_mpps"]}
        for load, mpps in loads.items():
            if mpps is None:
                continue  # this machine's pauses leave no rate without loss
            trials: dict[int, list[dict]] = {0: [], REWRITES_PER_SECOND: []}
            for _ in range(context.runs):
                for rewrites, made in trials.items():
                    made.append(rig.ask(system="izar", ms=200 if context.quick else 5000, load_mpps=mpps,
                                        refuses=load == "ndr", rewrites_per_second=rewrites))
            rows += [row(load, mpps, rewrites, made, 1e6 / highest["tsc_hz"]) for rewrites, made in trials.items()]
    return rows + builds(context)
