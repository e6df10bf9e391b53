"""control.py -- A real izar-controller under simulated agents (perf/control): what it costs, how soon it tells."""

import json

from izar_perf.suite import Column, Context, Row

SUMMARY = "CPU, memory, bytes and latency of a controller with simulated agents"
KEYS = ("agents", "regions", "rows", "seconds", "connect_s", "controller_cpu_percent", "controller_peak_mib",
        "bytes_per_node_s", "raw_bytes_per_node_s", "row_bytes_per_node_s", "row_summaries_percent", "row_interval_s", "events", "events_late",
        "event_p50_ms", "event_p99_ms", "told_p50_ms", "told_p99_ms", "changes", "change_p50_ms", "change_p99_ms",
        "agent_cpu_percent", "agent_peak_mib", "agent_own_mib", "agent_links_fed", "feed_p50_ms", "feed_p99_ms")
COLUMNS = (
    Column("agents", "agents"),
    Column("rows", "rows as"),
    Column("connect_s", "connected s", "{:.1f}"),
    Column("controller_cpu_percent", "CPU %", "{:.1f}"),
    Column("controller_peak_mib", "peak MiB", "{:.0f}"),
    Column("bytes_per_node_s", "bytes/node/s", "{:.0f}"),
    Column("raw_bytes_per_node_s", "raw", "{:.0f}"),
    Column("row_bytes_per_node_s", "of rows", "{:.0f}"),
    Column("event_p50_ms", "event p50 ms", "{:.2f}"),
    Column("event_p99_ms", "p99", "{:.2f}"),
    Column("told_p50_ms", "told p50 ms", "{:.2f}"),
    Column("told_p99_ms", "p99", "{:.2f}"),
    Column("change_p50_ms", "change p50 ms", "{:.2f}"),
    Column("change_p99_ms", "p99", "{:.2f}"),
    Column("agent_cpu_percent", "agent CPU %", "{:.2f}"),
    Column("agent_peak_mib", "peak MiB", "{:.1f}"),
    Column("feed_p50_ms", "feed p50 ms", "{:.2f}"),
    Column("feed_p99_ms", "p99", "{:.2f}"),
)
PROGRAM = "perf/control/control_fleet"
CONTROLLER = "tools/controller/izar-controller"
AGENT = "tools/agent/izar-agent"
FEED = "perf/control/agent_feed"
TARGETS = (PROGRAM, CONTROLLER, AGENT, FEED)


def measure(context: Context) -> list[Row]:
    """Each fleet once: a run is long enough to hold many rounds. Agents tell their rows of links as summaries where that
    is shorter, the last ones as items only, as older agents do. The last row is one agent and one scheduler thread: how
    long static data of 100 nodes takes from a controller's socket to a published table."""
    fleets = [{"agents": 10, "regions": 2, "rows": "summaries"}] if context.quick else [
        *({"agents": agents, "regions": 10, "rows": "summaries"} for agents in (10, 100, 300, 1000)),
        {"agents": 1000, "regions": 10, "rows": "items"},
    ]
    rows = []
    for fleet in context.chosen(fleets):
        command = [context.program(PROGRAM), "--controller", context.program(CONTROLLER),
                   "--agent", context.program(AGENT), "--seed", str(context.seed),
                   "--agents", str(fleet["agents"]), "--regions", str(fleet["regions"]),
                   "--seconds", "2" if context.quick else "60", "--changes", "3" if context.quick else "100",
                   *(["--items"] if fleet["rows"] == "items" else [])]
        rows.append(json.loads(context.capture(command)))
    if not context.only:
        command = [context.program(FEED), "--changes", "5" if context.quick else "200"]
        rows.append(json.loads(context.capture(command)))
    return [dict.fromkeys(KEYS) | row for row in rows]
