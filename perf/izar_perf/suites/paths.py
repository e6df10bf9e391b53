"""paths.py -- Path search of a full fleet: all pairs by kernel, and one node's table after one link's change.

All pairs come from summary_suite.cc, the others from paths_bench.cc (Google Benchmark, CPU time).
"""

import json

from izar_perf import summary_program
from izar_perf.suite import Column, Context, Row

SUMMARY = "path search over 1,024 nodes: all pairs, one source, one link event"
KEYS = ("what", "kernel", "nodes", "time_ms", "limit_cycles")
COLUMNS = (
    Column("what", "what"),
    Column("kernel", "kernel"),
    Column("nodes", "nodes"),
    Column("time_ms", "ms", "{:.4f}"),
    Column("limit_cycles", "limit cycles", "{:.0f}"),
)
BENCH = "perf/paths_bench"
TARGETS = (summary_program.PROGRAM, BENCH)
NODES = 1_024  # of paths_bench
MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0}


def benchmarks(context: Context) -> list[Row]:
    command = [context.program(BENCH), "--benchmark_format=json", f"--benchmark_repetitions={context.runs}"]
    if context.quick:
        command += ["--benchmark_filter=one_link_event", "--benchmark_min_time=0.01"]
    medians = {}
    for result in json.loads(context.capture(command))["benchmarks"]:
        if result.get("aggregate_name", "median") == "median":
            medians.setdefault(result["run_name"], result)
            if "aggregate_name" in result:
                medians[result["run_name"]] = result
    return [
        {"what": name, "kernel": None, "nodes": NODES, "time_ms": result[clock_of(name)] * MS[result["time_unit"]],
         "limit_cycles": None}
        for name, result in medians.items()
    ]


def clock_of(name: str) -> str:
    """Which figure is the benchmark's: where it takes the time itself (CPU time, too), cpu_time has its preparations in it."""
    return "real_time" if name.endswith("/manual_time") else "cpu_time"


def measure(context: Context) -> list[Row]:
    return summary_program.rows(context, "paths", KEYS) + benchmarks(context)
