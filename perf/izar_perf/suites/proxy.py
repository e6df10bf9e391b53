"""proxy.py -- izar beside other proxies, over veth in namespaces, all on this machine's cores: wrk and iperf3 are the client.

Systems take turns, each with a net of its own, so that what the machine does meets all. wrk keeps 64 connections busy with a page
of 100 bytes, then opens one for each request; iperf3 sends over 4 connections. wrk waits for an answer before it asks again, so
its latencies are those of a closed loop. Client, proxy and origin share the cores: `machine_cpu` is what all of them took
together; `proxy_cpu` is that of the proxy's processes alone, null where the kernel forwards.

`proxy_cycles_per_request` is the same CPU time in cycles, virtual NICs' system calls included. `own_cycles_per_request` is izar's own
share of it: packets that client and origin send for a request, times what one costs the lcore between rings (suite forward's
rig, role direct: both ends of the overlay at once, as here; 64 B, 1,000 flows, rings and null control's cycles included).
"""

import json
import shutil

from izar_perf.environment import CpuTimes
from izar_perf.proxy_net import IPERF_PORT, VIP, ProxyNet
from izar_perf.proxy_systems import PREFIX, SYSTEMS, System
from izar_perf.rig import PROGRAM, Rig
from izar_perf.statistics import median, spread_percent
from izar_perf.suite import ROOT, Column, Context, Row, SuiteFailed

SUMMARY = "requests, connections, throughput and CPU of izar, HAProxy, nginx, nftables and testpmd over veth"
FIGURES = ("requests_per_s", "request_p50_ms", "request_p99_ms", "request_p999_ms", "connections_per_s", "throughput_gbps",
           "packets_per_request", "proxy_cpu_s_per_1000_requests", "machine_cpu_s_per_1000_requests", "proxy_cpu_s_per_gb",
           "machine_cpu_s_per_gb")
CYCLES = ("own_cycles_per_packet", "own_cycles_per_request", "proxy_cycles_per_request")
KEYS = ("system", "driver", *FIGURES, *CYCLES, "failed_requests", "runs", "spread_percent")
COLUMNS = (
    Column("system", "system"),
    Column("driver", "driver"),
    Column("requests_per_s", "requests/s", "{:,.0f}"),
    Column("spread_percent", "spread %", "{:.1f}"),
    Column("request_p50_ms", "p50 ms", "{:.2f}"),
    Column("request_p99_ms", "p99", "{:.2f}"),
    Column("request_p999_ms", "p99.9", "{:.2f}"),
    Column("connections_per_s", "connections/s", "{:,.0f}"),
    Column("throughput_gbps", "Gbit/s", "{:.2f}"),
    Column("proxy_cpu_s_per_1000_requests", "proxy CPU s/1,000", "{:.4f}"),
    Column("machine_cpu_s_per_1000_requests", "machine", "{:.4f}"),
    Column("proxy_cpu_s_per_gb", "proxy CPU s/GB", "{:.2f}"),
    Column("machine_cpu_s_per_gb", "machine", "{:.2f}"),
    Column("packets_per_request", "packets/request", "{:.2f}"),
    Column("own_cycles_per_request", "own cycles/request", "{:,.0f}"),
    Column("proxy_cycles_per_request", "all", "{:,.0f}"),
    Column("failed_requests", "failed"),
)
TARGETS = ("tools/edge/izar-edge", PROGRAM)
QUICK = (("izar", "net_af_packet"), ("nftables", None))  # one with and one without a process
CONNECTIONS = 64
TICKS_PER_S = 100
SCRIPT = ROOT / "perf" / "izar_perf" / "wrk_figures.lua"


class Cpu:
    """CPU seconds between two moments, of the proxy's processes and of the machine."""

    def __init__(self, net: ProxyNet) -> None:
        self._net = net
        self._proxy, self._machine = net.proxy_cpu_s(), CpuTimes.read()

    def spent(self) -> tuple[float, float]:
        now = CpuTimes.read()
        busy = [each.total - each.idle - each.steal for each in (self._machine, now)]
        return self._net.proxy_cpu_s() - self._proxy, (busy[1] - busy[0]) / TICKS_PER_S


def wrk(net: ProxyNet, seconds: int, *options: str) -> dict:
    argv = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(SCRIPT), *options, f"http://{VIP}/"]
    return json.loads(net.run("client", argv).splitlines()[-1])


def iperf(net: ProxyNet, seconds: int) -> dict:
    argv = ["iperf3", "-c", VIP, "-p", str(IPERF_PORT), "-P", "4", "-t", str(seconds), "-J"]
    return json.loads(net.run("client", argv))["end"]["sum_received"]


def measure_once(context: Context, system: System) -> dict:
    """The figures of one run of one system."""
    seconds = 1 if context.quick else 3
    with ProxyNet(system.flat) as net:
        system.start(net, context, system.driver or "")
        net.wait_until_served()
        cpu, packets = Cpu(net), net.packets()
        kept = wrk(net, seconds)
        packets = net.packets() - packets
        proxy_s, machine_s = cpu.spent()
        opened = wrk(net, seconds, "-H", "Connection: close")
        cpu = Cpu(net)
        stream = iperf(net, seconds)
        stream_proxy_s, stream_machine_s = cpu.spent()
    if kept["requests"] == 0 or opened["requests"] == 0 or stream["bytes"] == 0:
        raise SuiteFailed(f"{system.name} carried nothing: {kept}, {opened}, {stream}")
    gigabytes, thousands = stream["bytes"] / 1e9, kept["requests"] / 1000
    return {
        "requests_per_s": kept["requests"] / kept["duration_us"] * 1e6,
        "request_p50_ms": kept["p50_us"] / 1000,
        "request_p99_ms": kept["p99_us"] / 1000,
        "request_p999_ms": kept["p999_us"] / 1000,
        "connections_per_s": opened["requests"] / opened["duration_us"] * 1e6,
        "throughput_gbps": stream["bits_per_second"] / 1e9,
        "packets_per_request": packets / kept["requests"],
        "proxy_cpu_s_per_1000_requests": proxy_s / thousands if system.is_process else None,
        "machine_cpu_s_per_1000_requests": machine_s / thousands,
        "proxy_cpu_s_per_gb": stream_proxy_s / gigabytes if system.is_process else None,
        "machine_cpu_s_per_gb": stream_machine_s / gigabytes,
        "failed_requests": kept["errors"] + opened["errors"],
    }


def measure_lcore(context: Context) -> tuple[float | None, float]:
    """Cycles that a packet costs the lcore itself, None if no run counts, and of how many a second has."""
    with Rig(context, role="direct", flows=1_000) as rig:
        trials = [rig.ask(system="izar", ms=50 if context.quick else 500, opens_flows=True) for _ in range(context.runs)]
    return median([trial["cycles_per_packet"] for trial in trials if trial["accounted"]], 1), trials[0]["tsc_hz"]


def cycles_of(row: Row, packet_cycles: float | None, tsc_hz: float) -> Row:
    """CYCLES of a system's row."""
    own = packet_cycles if row["system"] == "izar" else None
    spent = row["proxy_cpu_s_per_1000_requests"]
    return {"own_cycles_per_packet": own,
            "own_cycles_per_request": None if own is None else round(own * row["packets_per_request"], 1),
            "proxy_cycles_per_request": None if spent is None else round(spent / 1000 * tsc_hz)}


def row(system: System, runs: list[dict], packet_cycles: float | None, tsc_hz: float) -> Row:
    out: Row = {"system": system.name, "driver": system.driver}
    for key in FIGURES:
        values = [run[key] for run in runs]
        out[key] = None if None in values else median(values, 4)
    out |= cycles_of(out, packet_cycles, tsc_hz)
    return out | {"failed_requests": sum(run["failed_requests"] for run in runs), "runs": len(runs),
                  "spread_percent": spread_percent([run["requests_per_s"] for run in runs])}


def measure(context: Context) -> list[Row]:
    systems = [each for each in SYSTEMS if not context.quick or (each.name, each.driver) in QUICK]
    known = {(each.name, each.driver): each for each in systems}
    chosen = context.chosen([{"system": name, "driver": driver} for name, driver in known])
    packet_cycles, tsc_hz = measure_lcore(context)
    runs: dict[tuple, list[dict]] = {(each["system"], each["driver"]): [] for each in chosen}
    try:
        for _ in range(context.runs):
            for key, made in runs.items():
                made.append(measure_once(context, known[key]))
    finally:
        shutil.rmtree(f"/var/run/dpdk/{PREFIX}", ignore_errors=True)  # which DPDK leaves behind
    return [row(known[key], made, packet_cycles, tsc_hz) for key, made in runs.items()]
