"""environment.py -- Under which conditions a figure was measured."""

import dataclasses
import datetime
import os
import pathlib
import platform
import subprocess

from izar_perf.suite import ROOT


# Debian packages.
PEERS = ("dpdk-dev", "dpdk-doc", "openvswitch-switch-dpdk", "haproxy", "libnginx-mod-stream", "nftables", "frr", "wrk", "iperf3")


@dataclasses.dataclass
class CpuTimes:
    """Ticks of all CPUs since boot, from /proc/stat."""

    total: int
    steal: int
    idle: int

    @staticmethod
    def read() -> "CpuTimes":
        fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return CpuTimes(total=sum(fields), steal=fields[7], idle=fields[3] + fields[4])


def first_line(*command: str) -> str | None:
    """The first line that a program prints, or None where there is no such program."""
    try:
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    lines = result.stdout.splitlines()
    return lines[0].strip() if result.returncode == 0 and lines else None


def cpu_model() -> str | None:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return None


def hugepages_mib(which: str) -> int | None:
    file = pathlib.Path(f"/sys/kernel/mm/hugepages/hugepages-2048kB/{which}_hugepages")
    return int(file.read_text()) * 2 if file.exists() else None


def package_versions() -> dict[str, str | None]:
    """Of the programs that izar is measured beside or with; None where one is not installed."""
    command = ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", *PEERS]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return dict.fromkeys(PEERS)
    installed = dict(line.split()[:2] for line in listed.splitlines() if line.endswith(" installed"))
    return {package: installed.get(package) for package in PEERS}


def describe(seed: int, before: CpuTimes) -> dict:
    """The `env` of the envelope. Steal is of the time since `before`."""
    after = CpuTimes.read()
    ticks = max(after.total - before.total, 1)
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {
            "izar": first_line("git", "-c", "safe.directory=*", "describe", "--always", "--dirty"),
            "dpdk": first_line("pkg-config", "--modversion", "libdpdk"),
            "compiler": first_line("g++", "--version"),
            "python": platform.python_version(),
            "peers": package_versions(),
        },
        "kernel": platform.release(),
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "steal_percent": round(100 * (after.steal - before.steal) / ticks, 2),
        "load_1min": round(os.getloadavg()[0], 2),
        "hugepages_mib": hugepages_mib("nr"),
        "hugepages_free_mib": hugepages_mib("free"),
        "seed": seed,
    }


def sentence(env: dict) -> str:
    """The conditions in a line, for below the table."""
    return (
        f"{env['date']}  izar {env['versions']['izar']}  DPDK {env['versions']['dpdk']}  {env['cpus']} x {env['cpu']}"
        f"  kernel {env['kernel']}  steal {env['steal_percent']} %  load {env['load_1min']}"
        f"  hugepages {env['hugepages_mib']} MiB"
    )
