"""forward.py -- One lcore over net_ring ports, generator on the other core: roles x flows x frame sizes, with links in
the clear; then each role with encrypted links, and a relay that gets forgeries.

izar, the null control (receive and send, nothing between) and the generator alone take turns in one process, so
that all three meet the same machine. A trial counts only if the counters of generator and node tell the same
story and every packet that was looked at is what its role has to make of it. Then izar and the null control get loads
of the generator's choice, for NDR and PDR.
"""

import itertools
import json

from izar_perf import l3fwd, testpmd
from izar_perf.rig import PROGRAM, Rig
from izar_perf.statistics import median, spread_percent
from izar_perf.suite import Column, Context, Row, SuiteFailed

SUMMARY = "cycles per packet, NDR and PDR of one lcore by role, flows and frame size, with null controls"
KEYS = ("system", "role", "security", "forgery", "flows", "frame_bytes", "links", "cycles_per_packet", "mpps", "ndr_mpps",
        "pdr_mpps", "runs", "void_runs", "spread_percent")
COLUMNS = (
    Column("system", "system"),
    Column("role", "role"),
    Column("security", "security"),
    Column("forgery", "forgery"),
    Column("flows", "flows"),
    Column("frame_bytes", "bytes"),
    Column("cycles_per_packet", "cycles/packet", "{:.1f}"),
    Column("spread_percent", "spread %", "{:.1f}"),
    Column("mpps", "Mpps", "{:.2f}"),
    Column("ndr_mpps", "NDR", "{:.2f}"),
    Column("pdr_mpps", "PDR", "{:.2f}"),
    Column("runs", "runs"),
    Column("void_runs", "void"),
)
TARGETS = (PROGRAM,)

ROLES = ("ingress", "relay", "egress")
FLOWS = (1_000, 64_000, 1_000_000)
FRAME_BYTES = (64, 256, 1500, "imix")
SEALED_FRAME_BYTES = (64, 1414, "imix")  # 1,414 holds an IP packet of 1,400
FORGERIES = ("tag", "replay", "epoch")
SYSTEMS = ("izar", "null", "generator")
SEARCHED = {"izar": FLOWS, "null": FLOWS[:1]}  # flows with which a system's rates are searched: seconds each


def scenario(role: str, flows: int, frame_bytes: int | str, security: str = "none", forgery: str | None = None) -> dict:
    return {"role": role, "security": security, "forgery": forgery, "flows": flows, "frame_bytes": frame_bytes}


def scenarios(quick: bool) -> list[dict]:
    """All, or for a quick run one of each kind."""
    if quick:
        return [scenario("ingress", 1_000, 64), scenario("egress", 1_000, "imix", "aes-gcm"),
                scenario("relay", 1_000, 64, "aes-gcm", "tag")]
    out = [scenario(*each) for each in itertools.product(ROLES, FLOWS, FRAME_BYTES)]
    out += [scenario(*each, "aes-gcm") for each in itertools.product(ROLES, FLOWS[:1], SEALED_FRAME_BYTES)]
    return out + [scenario("relay", FLOWS[0], size, "aes-gcm", forgery)
                  for forgery, size in itertools.product(FORGERIES, SEALED_FRAME_BYTES[:2])]


def row(system: str, scenario: dict, trials: list[dict], rates: dict | None = None) -> Row:
    good = [trial for trial in trials if trial["accounted"]]
    cycles = [trial["cycles_per_packet"] for trial in good]
    return scenario | {
        "system": system,
        "links": 1,
        "cycles_per_packet": median(cycles, 1),
        "mpps": median([trial["mpps"] for trial in good]),
        "runs": len(good),
        "void_runs": len(trials) - len(good),
        "spread_percent": spread_percent(cycles),
    } | (rates or {"ndr_mpps": None, "pdr_mpps": None})


def measure_scenario(context: Context, scenario: dict) -> list[Row]:
    options = {key: value for key, value in scenario.items() if value is not None}
    trials: dict[str, list[dict]] = {system: [] for system in SYSTEMS}
    rows = []
    with Rig(context, **options) as rig:
        for run in range(context.runs):
            for system in SYSTEMS:
                trials[system].append(rig.ask(system=system, ms=50 if context.quick else 500, opens_flows=True))
        for system in SYSTEMS:
            rows.append(row(system, scenario, trials[system]))
            if rows[-1]["runs"] == 0:
                raise SuiteFailed(f"{system} in {scenario}: every run is void, because the counters of generator and node "
                                  f"differ: {json.dumps(trials[system])}")
            # A forgery is lost by right, so no rate without loss can be asked for.
            if scenario["flows"] in SEARCHED.get(system, ()) and scenario["forgery"] is None:
                rows[-1] |= rig.rates(system, rows[-1]["mpps"])
    return rows


def peer_row(system: str, role: str, flows: int | None, results: list[tuple[float, float]]) -> Row:
    trials = [{"accounted": True, "cycles_per_packet": cycles, "mpps": mpps} for cycles, mpps in results]
    return row(system, scenario(role, flows, 64), trials)


def measure_peers(context: Context) -> list[Row]:
    """testpmd and l3fwd, whose packets go round on one core."""
    seconds = 0.5 if context.quick else 2
    io = [testpmd.measure(seconds) for _ in range(context.runs)]
    rows = [peer_row("testpmd", "io", None, io)]
    if not context.quick:  # it would have to be built first
        tsc_mhz = io[0][0] * io[0][1]
        for mode in l3fwd.MODES:
            results = [l3fwd.measure(context, mode, seconds, tsc_mhz) for _ in range(context.runs)]
            rows.append(peer_row("l3fwd", mode, l3fwd.FLOWS, results))
    return rows


def measure(context: Context) -> list[Row]:
    rows = [] if context.only and "system" not in context.only else measure_peers(context)
    if "system" in context.only:
        return context.chosen(rows)
    for each in context.chosen(scenarios(context.quick)):
        rows += measure_scenario(context, each)
    return rows
