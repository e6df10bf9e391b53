"""forward.py -- One lcore, by role, security, flows and frame size: over net_ring with the generator on the other core, over
net_memif, and over net_pcap beside OVS-DPDK, l3fwd and testpmd on the same ports.

izar, the null control (receive and send, nothing between) and the generator alone take turns in one process, so
that all three meet the same machine. A trial counts only if the counters of generator and node tell the same
story and every packet that was looked at is what its role has to make of it. Then izar and the null control get loads
of the generator's choice, for NDR and PDR; net_pcap has no generator whose load could be chosen.
"""

import itertools
import json
import sys
from collections.abc import Callable

from izar_perf import captures, l3fwd, ovs_dpdk, testpmd
from izar_perf.rig import PROGRAM, Rig
from izar_perf.statistics import median, spread_percent
from izar_perf.suite import Column, Context, Row, SuiteFailed

SUMMARY = "cycles per packet, NDR and PDR of one lcore by role, flows and frame size, with null controls and peers"
KEYS = ("system", "role", "driver", "security", "forgery", "flows", "frame_bytes", "links", "protocol", "duplicate",
        "cycles_per_packet", "mpps", "ndr_mpps", "pdr_mpps", "runs", "void_runs", "spread_percent", "adds_per_cycle",
        "line_round_trip_cycles", "whole_core_runs", "whole_core_cycles_per_packet")
COLUMNS = (
    Column("system", "system"),
    Column("role", "role"),
    Column("driver", "driver"),
    Column("security", "security"),
    Column("forgery", "forgery"),
    Column("flows", "flows"),
    Column("frame_bytes", "bytes"),
    Column("links", "links"),
    Column("protocol", "protocol"),
    Column("duplicate", "duplicate"),
    Column("cycles_per_packet", "cycles/packet", "{:.1f}"),
    Column("spread_percent", "spread %", "{:.1f}"),
    Column("whole_core_cycles_per_packet", "whole core", "{:.1f}"),
    Column("whole_core_runs", "of runs"),
    Column("adds_per_cycle", "adds/cycle", "{:.1f}"),
    Column("line_round_trip_cycles", "line trip", "{:.0f}"),
    Column("mpps", "Mpps", "{:.2f}"),
    Column("ndr_mpps", "NDR", "{:.2f}"),
    Column("pdr_mpps", "PDR", "{:.2f}"),
    Column("runs", "runs"),
    Column("void_runs", "void"),
)
TARGETS = (PROGRAM,)

ROLES = ("ingress", "relay", "egress")
SECURITIES = ("none", "aes-gcm")
FLOWS = (1_000, 64_000, 1_000_000)
FRAME_BYTES = (64, 256, 1500, "imix")
LARGE_FRAME = 1414  # holds an IP packet of 1,400
MANY_LINKS = 32
FORGERIES = ("tag", "replay", "epoch", "peer")
WHOLE_CORE = 5.5  # additions a cycle: fewer, and another guest of the host has part of the core
TCP_FRAME = 256  # holds a header with timestamps, and data
SYSTEMS = {"net_ring": ("izar", "null", "generator"), "net_memif": ("izar", "null"), "net_pcap": ("izar", "null")}
SEARCHED = {"izar": FLOWS, "null": FLOWS[:1]}  # flows with which a system's rates are searched: seconds each


def scenario(role: str, flows: int | None = FLOWS[0], frame_bytes: int | str = 64, security: str = "none",
             forgery: str | None = None, links: int = 1, driver: str = "net_ring", protocol: str = "udp",
             duplicate: bool = False) -> dict:
    return {"role": role, "driver": driver, "security": security, "forgery": forgery, "flows": flows, "frame_bytes": frame_bytes,
            "links": links, "protocol": protocol, "duplicate": duplicate}


def features() -> list[dict]:
    """What a service or a client may ask for, with and without: two copies of each packet, TCP, TCP with timestamps."""
    return [scenario(role, frame_bytes=TCP_FRAME, security=security, duplicate=True)
            for role, security in itertools.product(("ingress", "egress"), SECURITIES)] + [
        scenario(role, frame_bytes=TCP_FRAME, protocol=protocol)
        for role, protocol in itertools.product(("ingress", "egress"), ("tcp", "tcp-timestamps"))]


def scenarios(quick: bool) -> list[dict]:
    """All, or for a quick run one of each kind."""
    if quick:
        return [scenario("ingress"), scenario("egress", frame_bytes="imix", security="aes-gcm"),
                scenario("relay", security="aes-gcm", forgery="tag"), scenario("relay", security="aes-gcm", links=MANY_LINKS),
                scenario("ingress", frame_bytes=TCP_FRAME, duplicate=True),
                scenario("egress", frame_bytes=TCP_FRAME, protocol="tcp-timestamps"),
                scenario("ingress", driver="net_memif"), scenario("direct", driver="net_pcap")]
    out = [scenario(role, flows, size, security)
           for security, role, flows, size in itertools.product(SECURITIES, ROLES, FLOWS, FRAME_BYTES)]
    out += [scenario(role, frame_bytes=LARGE_FRAME, security="aes-gcm") for role in ROLES]
    out += [scenario("relay", security=security, links=MANY_LINKS) for security in SECURITIES]
    out += [scenario("relay", frame_bytes=size, security="aes-gcm", forgery=forgery)
            for forgery, size in itertools.product(FORGERIES, (64, LARGE_FRAME))]
    out += features()
    out += [scenario(role, security=security, driver="net_memif") for security, role in itertools.product(SECURITIES, ROLES)]
    return out + [scenario(role, driver="net_pcap") for role in (*ROLES, "direct")]


def conditions(trials: list[dict]) -> dict:
    """What the machine gave: see perf/forward/conditions.h. Null where the trials do not tell."""
    told = [trial for trial in trials if trial.get("adds_per_cycle")]
    whole = [trial["cycles_per_packet"] for trial in told if trial["adds_per_cycle"] >= WHOLE_CORE]
    return {
        "adds_per_cycle": median([trial["adds_per_cycle"] for trial in told], 2),
        "line_round_trip_cycles": median([trial["line_round_trip_cycles"] for trial in told], 0),
        "whole_core_runs": len(whole) if told else None,
        "whole_core_cycles_per_packet": median(whole, 1),
    }


def row(system: str, scenario: dict, trials: list[dict], rates: dict | None = None) -> Row:
    good = [trial for trial in trials if trial["accounted"]]
    cycles = [trial["cycles_per_packet"] for trial in good]
    return scenario | conditions(good) | {
        "system": system,
        "cycles_per_packet": median(cycles, 1),
        "mpps": median([trial["mpps"] for trial in good]),
        "runs": len(good),
        "void_runs": len(trials) - len(good),
        "spread_percent": spread_percent(cycles),
    } | (rates or {"ndr_mpps": None, "pdr_mpps": None})


def measure_scenario(context: Context, scenario: dict) -> list[Row]:
    options = {key: value for key, value in scenario.items() if value is not None and value is not False and key != "driver"}
    is_plain = scenario["protocol"] == "udp" and not scenario["duplicate"]
    trials: dict[str, list[dict]] = {system: [] for system in SYSTEMS[scenario["driver"]]}
    rows = []
    with Rig(context, ports=scenario["driver"], **options) as rig:
        for run in range(context.runs):
            for system, made in trials.items():
                made.append(rig.ask(system=system, ms=50 if context.quick else 500, opens_flows=True))
        for system, made in trials.items():
            rows.append(row(system, scenario, made))
            if rows[-1]["runs"] == 0:
                raise SuiteFailed(f"{system} in {scenario}: every run is void, because the counters of generator and node "
                                  f"differ: {json.dumps(made)}")
            # A forgery is lost by right, so no rate without loss can be asked for.
            if scenario["flows"] in SEARCHED.get(system, ()) and scenario["forgery"] is None and scenario["driver"] != "net_pcap" and is_plain:
                rows[-1] |= rig.rates(system, rows[-1]["mpps"])
    return rows


def peer_scenario(system: str, role: str, driver: str, flows: int | None) -> dict:
    return {"system": system} | scenario(role, flows, captures.FRAME_BYTES, driver=driver)


# Those that are on every machine with the test packages; l3fwd has to be built first, which a quick run leaves out.
QUICK_PEERS = [peer_scenario("testpmd", "io", "net_ring", None), peer_scenario("testpmd", "io", "net_pcap", captures.FLOWS)]
PEERS = [*QUICK_PEERS, *(peer_scenario("l3fwd", mode, "net_pcap", captures.FLOWS) for mode in l3fwd.MODES),
         *(peer_scenario("ovs-dpdk", role, "net_pcap", captures.FLOWS) for role in ovs_dpdk.ROLES)]


def measure_of(context: Context, peer: dict, seconds: float, tsc_mhz: float) -> Callable[[], tuple[float, float]]:
    """One run of a peer -> cycles per packet, million packets a second."""
    if peer["system"] == "testpmd":
        return lambda: testpmd.measure(context, peer["driver"], seconds)
    if peer["system"] == "l3fwd":
        return lambda: l3fwd.measure(context, peer["role"], seconds, tsc_mhz)
    return lambda: ovs_dpdk.measure(context, peer["role"], seconds)


def measure_peers(context: Context, peers: list[dict]) -> list[Row]:
    """All in turn, run after run. What does not run here is a row without figures and a sentence."""
    seconds = 0.5 if context.quick else 2
    tsc_cycles, tsc_mpps = testpmd.measure(context, "net_ring", 0.3)
    runs = [measure_of(context, peer, seconds, tsc_cycles * tsc_mpps) for peer in peers]
    trials: list[list[dict]] = [[] for _ in peers]
    for _ in range(context.runs):
        for peer, run, made in zip(peers, runs, trials):
            try:
                cycles, mpps = run()
            except SuiteFailed as failure:
                print(f"{peer['system']} {peer['role']} over {peer['driver']}: {failure}", file=sys.stderr)
                continue
            made.append({"accounted": True, "cycles_per_packet": cycles, "mpps": mpps})
    return [row(peer["system"], peer, made) for peer, made in zip(peers, trials)]


def measure(context: Context) -> list[Row]:
    peers = QUICK_PEERS if context.quick else PEERS
    own = [{"system": "izar"} | each for each in scenarios(context.quick)]
    chosen = context.chosen(peers + own)
    rows = measure_peers(context, found) if (found := [each for each in chosen if each["system"] != "izar"]) else []
    for each in chosen:
        if each["system"] == "izar":
            rows += measure_scenario(context, {key: value for key, value in each.items() if key != "system"})
    return rows
