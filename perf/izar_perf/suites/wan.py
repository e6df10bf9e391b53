"""wan.py -- How exactly the lab's WAN emulator keeps a delay of 100 ms at 200 Mbit/s (perf/wan_delay)."""

import json

from izar_perf.suite import ROOT, Column, Context, Row

SUMMARY = "delay accuracy of the lab's WAN emulator: 100 ms at 200 Mbit/s"
KEYS = ("asked_ms", "mbit_per_s", "sent", "lost", "delay_p50_ms", "delay_p99_ms", "delay_max_ms", "error_p99_ms")
COLUMNS = (
    Column("asked_ms", "asked ms", "{:.0f}"),
    Column("mbit_per_s", "Mbit/s", "{:.0f}"),
    Column("sent", "sent"),
    Column("lost", "lost"),
    Column("delay_p50_ms", "p50 ms", "{:.3f}"),
    Column("delay_p99_ms", "p99 ms", "{:.3f}"),
    Column("delay_max_ms", "max ms", "{:.3f}"),
    Column("error_p99_ms", "error p99 ms", "{:.3f}"),
)
TARGETS = ("tools/wan_emulator/izar-wan", "tools/probe/izar-udp-probe")


def measure(context: Context) -> list[Row]:
    command = [str(ROOT / "perf" / "wan_delay"), "--build", str(context.build), "--runs", str(context.runs)]
    command += ["--seconds", "1" if context.quick else "10"]
    return json.loads(context.capture(command))["rows"]
