"""control.py -- A real izar-controller under simulated agents (perf/control): what it costs, how soon it tells."""

import json

from izar_perf.suite import Column, Context, Row

SUMMARY = "CPU, memory, bytes and latency of a controller with simulated agents"
KEYS = ("agents", "regions", "seconds", "connect_s", "controller_cpu_percent", "controller_peak_mib",
        "bytes_per_node_s", "raw_bytes_per_node_s", "events", "events_late", "event_p50_ms", "event_p99_ms", "told_p50_ms", "told_p99_ms",
        "changes", "change_p50_ms", "change_p99_ms", "feed_p50_ms", "feed_p99_ms")
COLUMNS = (
    Column("agents", "agents"),
    Column("connect_s", "connected s", "{:.1f}"),
    Column("controller_cpu_percent", "CPU %", "{:.1f}"),
    Column("controller_peak_mib", "peak MiB", "{:.0f}"),
    Column("bytes_per_node_s", "bytes/node/s", "{:.0f}"),
    Column("raw_bytes_per_node_s", "raw", "{:.0f}"),
    Column("event_p50_ms", "event p50 ms", "{:.2f}"),
    Column("event_p99_ms", "p99", "{:.2f}"),
    Column("told_p50_ms", "told p50 ms", "{:.2f}"),
    Column("told_p99_ms", "p99", "{:.2f}"),
    Column("change_p50_ms", "change p50 ms", "{:.2f}"),
    Column("change_p99_ms", "p99", "{:.2f}"),
    Column("feed_p50_ms", "feed p50 ms", "{:.2f}"),
    Column("feed_p99_ms", "p99", "{:.2f}"),
)
PROGRAM = "perf/control/control_fleet"
CONTROLLER = "tools/controller/izar-controller"
FEED = "perf/control/agent_feed"
TARGETS = (PROGRAM, CONTROLLER, FEED)


def measure(context: Context) -> list[Row]:
    """Each fleet once: a run is long enough to hold many rounds. The last row is one agent and one scheduler thread: how
    long static data of 100 nodes takes from a controller's socket to a published table."""
    fleets = [{"agents": 10, "regions": 2}] if context.quick else [
        {"agents": agents, "regions": 10} for agents in (10, 100, 300, 1000)
    ]
    rows = []
    for fleet in context.chosen(fleets):
        command = [context.program(PROGRAM), "--controller", context.program(CONTROLLER), "--seed", str(context.seed),
                   "--agents", str(fleet["agents"]), "--regions", str(fleet["regions"]),
                   "--seconds", "2" if context.quick else "60", "--changes", "3" if context.quick else "100"]
        rows.append(json.loads(context.capture(command)))
    if not context.only:
        command = [context.program(FEED), "--changes", "5" if context.quick else "200"]
        rows.append(json.loads(context.capture(command)))
    return [dict.fromkeys(KEYS) | row for row in rows]
