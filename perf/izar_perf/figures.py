"""figures.py -- Which plots a suite's rows make."""

from collections.abc import Callable, Iterable

from izar_perf import charts
from izar_perf.suite import Row

ROLES = ("ingress", "relay", "egress")
SECURITIES = {"none": "links in the clear", "aes-gcm": "links encrypted"}


def points(rows: list[Row], x: str, y: str) -> list[tuple[float, float]]:
    return [(row[x], row[y]) for row in rows if isinstance(row[x], (int, float)) and row[y] is not None]


def series(rows: list[Row], x: str, y: str, names: dict[str, Callable[[Row], bool]]) -> charts.Series:
    """The named choices of rows that have at least two points."""
    found = {name: points([row for row in rows if choice(row)], x, y) for name, choice in names.items()}
    return {name: each for name, each in found.items() if len(each) > 1}


def bars(title: str, x: str, rows: Iterable[Row], name: Callable[[Row], str], key: str, goal: float | None = None) -> list[str]:
    """One plot of a key, or none if no row has it."""
    values = {name(row): row[key] for row in rows}
    return [charts.bars(title, x, values, goal)] if any(value is not None for value in values.values()) else []


def forward_lines(own: list[Row]) -> list[str]:
    out = []
    for security, words in SECURITIES.items():
        for title, x, kept, log_x in (
            (f"Cycles per packet over flows, 64 B, {words}", "flows", {"frame_bytes": 64}, True),
            (f"Cycles per packet over frame size, 1,000 flows, {words}", "frame_bytes", {"flows": 1_000}, False),
        ):
            chosen = [row for row in own if row["security"] == security and all(row[key] == value for key, value in kept.items())]
            found = series(chosen, x, "cycles_per_packet", {role: (lambda row, role=role: row["role"] == role) for role in ROLES})
            if found:
                out.append(charts.lines(title, x.replace("_", " "), "cycles per packet", found, log_x))
    return out


def forward_name(row: Row) -> str:
    security = ", " + row["security"] if row["security"] != "none" else ""
    return f"{row['system']} {row['role']}{security}" + (f", {row['links']} links" if row["links"] != 1 else "")


def forward(rows: list[Row]) -> list[str]:
    right = [row for row in rows if row["forgery"] is None and row.get("protocol", "udp") == "udp" and not row.get("duplicate")]
    own = [row for row in right if row["system"] == "izar" and row["driver"] == "net_ring" and row["links"] == 1]
    out = forward_lines(own)
    small = [row for row in right if row["frame_bytes"] == 64 and row["flows"] in (1_000, None) and row["system"] != "generator"]
    for driver, words in (("net_pcap", "Peers side by side, same ports: net_pcap to net_null, one core"),
                          ("net_ring", "net_ring, generator on the other core"), ("net_memif", "net_memif, generator on the other core")):
        out += bars(f"{words}; 64 B, 1,000 flows", "cycles per packet", [row for row in small if row["driver"] == driver], forward_name,
                    "cycles_per_packet")
    rates = {f"{forward_name(row)} {kind.upper()}": row[f"{kind}_mpps"] for row in small for kind in ("ndr", "pdr")
             if row["driver"] == "net_ring" and row["system"] in ("izar", "null")}
    if any(value is not None for value in rates.values()):
        out.append(charts.bars("Highest load without loss (NDR) and with 0.5 % lost (PDR), 64 B, 1,000 flows", "Mpps", rates))
    return out


def scale(rows: list[Row]) -> list[str]:
    def name(row: Row) -> str:
        return f"{row['role']}, {'by owner' if row['arrival'] == 'owner' else 'in turn'}"

    lines = {name(row): [] for row in rows}
    for row in rows:
        lines[name(row)].append((row["lcores"], row["mpps"]))
        if row["lcores"] == 1:  # one lcore owns all flows: its row belongs to both ways of arriving
            lines.get(f"{row['role']}, by owner", []).append((1, row["mpps"]))
    found = {each: line for each, line in lines.items() if len(line) > 1}
    out = [charts.lines("Rate over lcores, a core each", "lcores", "Mpps", found)] if found else []
    return out + bars("Cycles per packet of all lcores that it meets", "cycles per packet", rows,
                      lambda row: f"{name(row)}, {row['lcores']} lcores", "cycles_per_packet")


def latency(rows: list[Row]) -> list[str]:
    out = []
    for kind in dict.fromkeys((row["role"], row["security"], row["idle"]) for row in rows):
        own = [row for row in rows if (row["role"], row["security"], row["idle"]) == kind]
        curves = {f"{row['system']} {row['load_percent_of_pdr']} %": row["curve_us"] for row in own}
        title = f"{kind[0]}, security {kind[1]}, idle lcore: {kind[2]}; load in % of PDR"
        out.append(charts.percentiles(title, {name: curve for name, curve in curves.items() if curve}))
    return out


def reconf(rows: list[Row]) -> list[str]:
    def name(row: Row) -> str:
        if row["beside"] is None:
            return f"{row['load']} load, {row['rewrites_per_second']:,} rewrites/s"
        return f"beside an lcore: {row['beside']}, {row['builds_per_second'] or 'as many as it can'} a second"

    times = {"p50": "burst_p50_us", "p99": "burst_p99_us", "p99.9": "burst_p999_us"}
    values = {f"{name(row)}, {percent}": row[key] for row in rows for percent, key in times.items()}
    return [charts.bars("Time of a burst", "microseconds", values),
            *bars("Packets lost", "packets", rows, name, "lost_packets"),
            *bars("Forwarding blocked", "milliseconds a second", rows, name, "blocked_ms_per_s")]


def sessions(rows: list[Row]) -> list[str]:
    rates = {f"{row['role']} {row['flows']:,}": row["new_flows_per_s"] / 1e6 for row in rows}
    sizes = {"IPv4": rows[0]["bytes_per_flow"], "IPv6": rows[0]["bytes_per_flow_ipv6"]}
    return [charts.bars("New flows a second by role and flows; the line is the goal", "millions a second", rates, goal=3),
            charts.bars("Memory of a flow with its index", "bytes", sizes)]


def micro(rows: list[Row]) -> list[str]:
    out = []
    for cache in ("hot", "cold"):
        parts: dict[str, dict[str, float]] = {}
        for row in rows:
            if row["cache"] == cache and row["burst"] == 32 and row["stage"] != "all" and row["cycles_per_packet"] > 0.5:
                parts.setdefault(f"{row['role']}, {row['security']}", {})[row["stage"]] = row["cycles_per_packet"]
        if parts:
            out.append(charts.stacks(f"Stages, burst of 32, {cache} packets", "cycles per packet", parts))
    every = [row for row in rows if row["stage"] == "all" and row["security"] == "none"]
    names = {f"{role}, {cache}": (lambda row, role=role, cache=cache: (row["role"], row["cache"]) == (role, cache))
             for role in ROLES for cache in ("hot", "cold")}
    found = series(every, "burst", "cycles_per_packet", names)
    return out + ([charts.lines("All stages over size of burst", "burst", "cycles per packet", found)] if found else [])


def proxy(rows: list[Row]) -> list[str]:
    plots = (("Requests a second, 64 connections kept", "requests_per_s", "requests a second"),
             ("Requests a second, a connection each", "connections_per_s", "connections a second"),
             ("Latency of a request, p99, connections kept", "request_p99_ms", "milliseconds"),
             ("Throughput, 4 connections", "throughput_gbps", "Gbit/s"),
             ("CPU of the whole machine for 1,000 requests", "machine_cpu_s_per_1000_requests", "seconds"),
             ("CPU of the whole machine for a gigabyte", "machine_cpu_s_per_gb", "seconds"))

    def name(row: Row) -> str:
        return f"{row['system']}{', ' + row['driver'] if row['driver'] else ''}"

    own = {f"{name(row)}, own cycles": row["own_cycles_per_request"] for row in rows if row["own_cycles_per_request"] is not None}
    all_of_it = {name(row): row["proxy_cycles_per_request"] for row in rows if row["proxy_cycles_per_request"] is not None}
    out = [each for title, key, x in plots for each in bars(title, x, rows, name, key)]
    return out + ([charts.bars("Cycles of the proxy for a request", "cycles", own | all_of_it)] if own | all_of_it else [])


def diff(rows: list[Row]) -> list[str]:
    return bars("Cycles per packet, head / base; the line is no change", "ratio", rows,
                lambda row: f"{row['role']}, {row['security']}, {row['flows']:,} flows", "ratio", goal=1)


def failover(rows: list[Row]) -> list[str]:
    return bars("Outage of a stream, p99", "milliseconds", rows,
                lambda row: f"{row['system']} {row['kind']}, {row['link_ms']:.0f} ms", "outage_p99_ms")


def alarms(rows: list[Row]) -> list[str]:
    return [*bars("Links that went down untouched", "false alarms", rows, lambda row: f"load {row['load']}", "false_alarms"),
            *bars("Outage of a cut under that load, longest", "milliseconds", rows, lambda row: f"load {row['load']}", "outage_max_ms")]


def links(rows: list[Row]) -> list[str]:
    return bars("Keep-alives each 10 ms: share of a core; the line is the goal", "% of a core", rows,
                lambda row: f"{row['links']:,} links", "lcore_percent_of_core", goal=rows[0]["goal_percent_of_core"])


def lab_idle(rows: list[Row]) -> list[str]:
    return bars("An idle lab", "% of a core", rows, lambda row: row["process"], "cpu_percent_of_core")


def paths(rows: list[Row]) -> list[str]:
    return bars("Path search", "milliseconds", rows, lambda row: f"{row['what']} {row['kernel'] or ''}".strip(), "time_ms")


def summary(rows: list[Row]) -> list[str]:
    def name(row: Row) -> str:
        return f"{row['matrix']} {row['kind']}" + ("" if row["eps"] is None else f", eps {row['eps']:g}")

    return [*bars("Bytes saved by a summary", "share", rows, name, "reduction"),
            *bars("Path stretch, p99", "ratio", rows, name, "stretch_p99")]


def control(rows: list[Row]) -> list[str]:
    fleets = [row for row in rows if row["rows"] is not None]
    plots = (("Controller's CPU", "% of a core", "controller_cpu_percent"), ("An event at the last agent, p99", "milliseconds", "event_p99_ms"),
             ("A change at the last agent, p99", "milliseconds", "change_p99_ms"))
    return [each for title, x, key in plots
            for each in bars(title, x, fleets, lambda row: f"{row['agents']:,} agents, rows as {row['rows']}", key)]


def wan(rows: list[Row]) -> list[str]:
    keys = {"p50": "delay_p50_ms", "p99": "delay_p99_ms", "longest": "delay_max_ms"}
    values = {f"{name}, run {at + 1}": row[key] for at, row in enumerate(rows) for name, key in keys.items()}
    return [charts.bars("Delay by the emulator; the line is what was asked", "milliseconds", values, goal=rows[0]["asked_ms"])]


FIGURES = {"forward": forward, "proxy": proxy, "latency": latency, "scale": scale, "sessions": sessions, "reconf": reconf, "micro": micro,
           "diff": diff, "failover": failover, "alarms": alarms, "links": links, "lab-idle": lab_idle, "paths": paths, "summary": summary,
           "control": control, "wan": wan}


def of(suite: str, rows: list[Row]) -> list[str]:
    """The suite's plots, as SVG."""
    return FIGURES[suite](rows)
