"""forward.py -- One lcore over net_ring ports, generator on the other core: roles x flows x frame sizes, with links in
the clear; then each role with encrypted links, and a relay that gets forgeries.

izar, the null control (receive and send, nothing between) and the generator alone take turns in one process, so
that all three meet the same machine. A trial counts only if the counters of generator and node tell the same
story and every packet that was looked at is what its role has to make of it.
"""

import itertools
import json

from izar_perf import testpmd
from izar_perf.statistics import median, spread_percent
from izar_perf.suite import Column, Context, Row, SuiteFailed

SUMMARY = "cycles per packet of one lcore by role, flows and frame size, with null controls"
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
    Column("runs", "runs"),
    Column("void_runs", "void"),
)
RIG = "perf/forward/izar-perf-forward"
TARGETS = (RIG,)

ROLES = ("ingress", "relay", "egress")
FLOWS = (1_000, 64_000, 1_000_000)
FRAME_BYTES = (64, 256, 1500)
SEALED_FRAME_BYTES = (64, 1414)  # the latter holds an IP packet of 1,400
FORGERIES = ("tag", "replay", "epoch")


def row(system: str, scenario: dict, trials: list[dict]) -> Row:
    good = [trial for trial in trials if trial["accounted"]]
    cycles = [trial["cycles_per_packet"] for trial in good]
    return {
        "system": system,
        "role": scenario["role"],
        "security": scenario["security"],
        "forgery": scenario.get("forgery"),
        "flows": scenario["flows"],
        "frame_bytes": scenario["frame_bytes"],
        "links": 1,
        "cycles_per_packet": median(cycles, 1),
        "mpps": median([trial["mpps"] for trial in good]),
        "ndr_mpps": None,
        "pdr_mpps": None,
        "runs": len(good),
        "void_runs": len(trials) - len(good),
        "spread_percent": spread_percent(cycles),
    }


def measure_scenario(context: Context, role: str, flows: int, frame_bytes: int, security: str = "none",
                     forgery: str | None = None) -> list[Row]:
    command = [context.program(RIG), "--role", role, "--flows", str(flows), "--frame-bytes", str(frame_bytes)]
    command += ["--security", security, "--forgery", forgery or "none"]
    command += ["--runs", str(context.runs), "--trial-ms", "100" if context.quick else "500"]
    result = json.loads(context.capture(command)) | {"forgery": forgery}
    rows = []
    for system in ("izar", "null", "generator"):
        trials = [trial for trial in result["trials"] if trial["system"] == system]
        rows.append(row(system, result, trials))
        if rows[-1]["runs"] == 0:
            raise SuiteFailed(f"{system} as {role} with {flows} flows of {frame_bytes} bytes: every run is void, "
                              f"because the counters of generator and node differ: {json.dumps(trials)}")
    return rows


def measure_testpmd(context: Context) -> Row:
    results = [testpmd.measure(0.5 if context.quick else 2) for _ in range(context.runs)]
    trials = [{"accounted": True, "cycles_per_packet": cycles, "mpps": mpps} for cycles, mpps in results]
    scenario = {"role": "io", "security": "none", "flows": None, "frame_bytes": 64}
    return row("testpmd", scenario, trials)


def measure(context: Context) -> list[Row]:
    flows = FLOWS[:1] if context.quick else FLOWS
    frames = FRAME_BYTES[:1] if context.quick else FRAME_BYTES
    rows = [measure_testpmd(context)]
    for role, count, size in itertools.product(ROLES, flows, frames):
        rows += measure_scenario(context, role, count, size)
    sealed_frames = SEALED_FRAME_BYTES[:1] if context.quick else SEALED_FRAME_BYTES
    for role, size in itertools.product(ROLES, sealed_frames):
        rows += measure_scenario(context, role, flows[0], size, "aes-gcm")
    for forgery, size in itertools.product(FORGERIES[:1] if context.quick else FORGERIES, sealed_frames):
        rows += measure_scenario(context, "relay", flows[0], size, "aes-gcm", forgery)
    return rows
