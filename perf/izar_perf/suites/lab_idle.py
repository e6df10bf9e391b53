"""lab_idle.py -- What a lab of six nodes takes of the machine while nobody uses it, keep-alives on every link included."""

import pathlib
import sys
import time

from izar_perf.statistics import median, spread_percent
from izar_perf.suite import ROOT, Column, Context, Row

SUMMARY = "CPU of an idle lab of six nodes, of each process and together"
KEYS = ("process", "cpu_percent_of_core", "goal_percent_of_core", "runs", "spread_percent")
COLUMNS = (
    Column("process", "process"),
    Column("cpu_percent_of_core", "% of a core", "{:.2f}"),
    Column("goal_percent_of_core", "goal", "{:.0f}"),
    Column("spread_percent", "spread %", "{:.1f}"),
)
TARGETS = ("tools/edge/izar-edge", "tools/wan_emulator/izar-wan")

GOAL_PERCENT = {"all": 50.0}  # six nodes and the emulator under a quarter of two cores
GOAL_PERCENT_OF_NODE = 5.0
TOPOLOGY = {
    "name": "perfidle",
    "rtt": {"unit": "ms", "pairs": [[f"n{a}", f"n{b}", 20 + 10 * a + b] for a in range(6) for b in range(a + 1, 6)]},
    "nodes": [{"name": f"n{i}"} for i in range(6)],
}


def cpu_seconds(lab, names: list[str]) -> dict[str, float]:
    """User and system time of each process since its start, from /proc (in ticks of 10 ms)."""
    out = {}
    for name in names:
        words = pathlib.Path(f"/proc/{lab.process(name).pid}/stat").read_text().rsplit(")", 1)[1].split()
        out[name] = (int(words[11]) + int(words[12])) / 100
    return out


def measure(context: Context) -> list[Row]:
    sys.path.insert(0, str(ROOT / "tools" / "lab"))
    from izar_lab.lab import Lab
    from izar_lab.topology import parse_topology

    seconds = 2 if context.quick else 10
    percents: dict[str, list[float]] = {}
    with Lab(parse_topology(TOPOLOGY, ROOT), build=context.build) as lab:
        names = [node.name for node in lab.topology.nodes] + ["wan"]
        time.sleep(2)  # links come up, tables settle
        for _ in range(context.runs):
            before, start = cpu_seconds(lab, names), time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - start
            after = cpu_seconds(lab, names)
            shares = {name: 100 * (after[name] - before[name]) / took for name in names}
            for name, share in (shares | {"all": sum(shares.values())}).items():
                percents.setdefault(name, []).append(share)
    return [
        {
            "process": name,
            "cpu_percent_of_core": median(values, 2),
            "goal_percent_of_core": GOAL_PERCENT.get(name, None if name == "wan" else GOAL_PERCENT_OF_NODE),
            "runs": len(values),
            "spread_percent": spread_percent(values),
        }
        for name, values in percents.items()
    ]
