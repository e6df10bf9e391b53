"""figures.py -- Which plots a suite's rows make. A suite without an entry is shown as its table alone."""

from collections.abc import Callable

from izar_perf import charts
from izar_perf.suite import Row

ROLES = ("ingress", "relay", "egress")


def points(rows: list[Row], x: str, y: str) -> list[tuple[float, float]]:
    return [(row[x], row[y]) for row in rows if isinstance(row[x], (int, float)) and row[y] is not None]


def series(rows: list[Row], x: str, y: str, names: dict[str, Callable[[Row], bool]]) -> charts.Series:
    """The named choices of rows that have at least two points."""
    found = {name: points([row for row in rows if choice(row)], x, y) for name, choice in names.items()}
    return {name: each for name, each in found.items() if len(each) > 1}


def forward(rows: list[Row]) -> list[str]:
    own = [row for row in rows if row["system"] == "izar" and row["forgery"] is None]
    clear = [row for row in own if row["security"] == "none"]
    out = []
    for title, x, kept, log_x in (
        ("Cycles per packet over flows, 64 B, links in the clear", "flows", {"frame_bytes": 64}, True),
        ("Cycles per packet over frame size, 1,000 flows, links in the clear", "frame_bytes", {"flows": 1_000}, False),
    ):
        chosen = [row for row in clear if all(row[key] == value for key, value in kept.items())]
        names = {role: (lambda row, role=role: row["role"] == role) for role in ROLES}
        found = series(chosen, x, "cycles_per_packet", names)
        if found:
            out.append(charts.lines(title, x.replace("_", " "), "cycles per packet", found, log_x))
    small = [row for row in rows if row["frame_bytes"] == 64 and row["forgery"] is None and row["flows"] in (1_000, None)]
    sides = {f"{row['system']} {row['role']}{', ' + row['security'] if row['security'] != 'none' else ''}": row["cycles_per_packet"]
             for row in small if row["system"] not in ("null", "generator") or row["role"] == "relay" and row["security"] == "none"}
    if sides:
        out.append(charts.bars("Cycles per packet, 64 B, 1,000 flows", "cycles per packet", sides))
    rates = {f"{row['system']} {row['role']}, {row['security']} {kind.upper()}": row[f"{kind}_mpps"]
             for row in small if row["system"] == "izar" for kind in ("ndr", "pdr")}
    if rates:
        out.append(charts.bars("Highest load without loss (NDR) and with 0.5 % (PDR), 64 B", "Mpps", rates))
    return out


def latency(rows: list[Row]) -> list[str]:
    out = []
    for kind in dict.fromkeys((row["role"], row["security"], row["idle"]) for row in rows):
        own = [row for row in rows if (row["role"], row["security"], row["idle"]) == kind]
        curves = {f"{row['system']} {row['load_percent_of_pdr']} %": row["curve_us"] for row in own}
        title = f"{kind[0]}, security {kind[1]}, idle lcore: {kind[2]}; load in % of PDR"
        out.append(charts.percentiles(title, {name: curve for name, curve in curves.items() if curve}))
    return out


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
    return out


def proxy(rows: list[Row]) -> list[str]:
    names = {f"{row['system']}{', ' + row['driver'] if row['driver'] else ''}": row for row in rows}
    plots = (("Requests a second, 64 connections kept", "requests_per_s", "requests a second"),
             ("Requests a second, a connection each", "connections_per_s", "connections a second"),
             ("Latency of a request, p99, connections kept", "request_p99_ms", "milliseconds"),
             ("Throughput, 4 connections", "throughput_gbps", "Gbit/s"),
             ("CPU of the whole machine for 1,000 requests", "machine_cpu_s_per_1000_requests", "seconds"),
             ("CPU of the whole machine for a gigabyte", "machine_cpu_s_per_gb", "seconds"))
    return [charts.bars(title, x, {name: row[key] for name, row in names.items()}) for title, key, x in plots]


FIGURES = {"forward": forward, "proxy": proxy, "latency": latency, "sessions": sessions, "micro": micro}


def of(suite: str, rows: list[Row]) -> list[str]:
    """The suite's plots, as SVG."""
    return FIGURES[suite](rows) if suite in FIGURES else []
