"""micro.py -- Cycles per packet of each stage of the pipeline: roles x bursts of 1, 8 and 32 x hot and cold packets x
links in the clear and sealed. stage_bench.cc measures; a thread is generator and lcore in turn.
"""

import json
import re

from izar_perf.statistics import median, spread_percent
from izar_perf.suite import Column, Context, Row

SUMMARY = "cycles per packet of each stage by role, burst, cache and security"
KEYS = ("stage", "role", "security", "burst", "cache", "cycles_per_packet", "runs", "spread_percent")
COLUMNS = (
    Column("stage", "stage"),
    Column("role", "role"),
    Column("security", "security"),
    Column("burst", "burst"),
    Column("cache", "cache"),
    Column("cycles_per_packet", "cycles/packet", "{:.1f}"),
    Column("spread_percent", "spread %", "{:.1f}"),
)
BENCH = "perf/stage_bench"
TARGETS = (BENCH,)
NAME = re.compile(r"pipeline/(?P<role>\w+)/burst:(?P<burst>\d+)/cold:(?P<cold>\d)/sealed:(?P<sealed>\d)/")
STAGES = ("parse", "answer_neighbors", "reflect_probes", "open_overlay", "sort_odd", "find_flow", "follow_flow",
          "answer_resets", "deliver", "pass_exceptions", "seal_overlay", "address_frames", "transmit")


def rows_of(name: str, repetitions: list[dict]) -> list[Row]:
    """The stages of one case and, as stage "all", their sum."""
    case = NAME.match(name)
    samples = {stage: [repetition[stage] for repetition in repetitions] for stage in STAGES}
    samples["all"] = [sum(repetition[stage] for stage in STAGES) for repetition in repetitions]
    return [
        {"stage": stage, "role": case["role"], "security": "aes-gcm" if case["sealed"] == "1" else "none",
         "burst": int(case["burst"]), "cache": "cold" if case["cold"] == "1" else "hot",
         "cycles_per_packet": median(values, 1), "runs": len(values), "spread_percent": spread_percent(values)}
        for stage, values in samples.items()
    ]


def measure(context: Context) -> list[Row]:
    command = [context.program(BENCH), "--benchmark_format=json", f"--benchmark_repetitions={context.runs}",
               "--benchmark_min_time=0.1"]
    if context.quick:
        command += ["--benchmark_filter=burst:32", "--benchmark_min_time=0.01"]
    cases: dict[str, list[dict]] = {}
    for result in json.loads(context.capture(command))["benchmarks"]:
        if result["run_type"] == "iteration":
            cases.setdefault(result["run_name"], []).append(result)
    return [row for name, repetitions in cases.items() for row in rows_of(name, repetitions)]
