"""What the clients do: ordinary programs at the client host, and what they say."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from izar_lab.lab import Lab

from demo.servers import DNS_ANSWER, DNS_ANSWER6, DNS_NAME

VIP = "10.99.0.80"
VIP6 = "fd99::80"
TRANSFER_TIMEOUT_S = 120
TRANSFER_UNDER_WAY_S = 1.5  # of the 8 s that the file takes on two cores


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as data:
        while block := data.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def download(
    lab: Lab, into: Path, vip: str = VIP, during: Callable[[], object] | None = None
) -> dict[str, Any]:
    """curl of the 100 MB file; {"bytes", "seconds"}, bytes 0 when curl failed. `during` is called in the midst of it."""
    return _curl(lab, vip, "file.bin", ["-o", str(into)], "%{size_download} %{time_total}", during)


def upload(lab: Lab, file: Path) -> dict[str, Any]:
    return _curl(lab, VIP, "upload/file.bin", ["-T", str(file), "-o", "/dev/null"], "%{size_upload} %{time_total}")


def _curl(
    lab: Lab, vip: str, path: str, options: list[str], told: str, during: Callable[[], object] | None = None
) -> dict[str, Any]:
    host = f"[{vip}]" if ":" in vip else vip
    fixed = ["-sS", "--fail", "--max-time", str(TRANSFER_TIMEOUT_S), "-w", told]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = lab.popen("client", ["curl", *fixed, *options, f"http://{host}/{path}"], **pipes)
    if during is not None:
        time.sleep(TRANSFER_UNDER_WAY_S)
        during()
    output, errors = running.communicate()
    if running.returncode != 0:
        return {"bytes": 0, "seconds": None, "error": errors.strip()}
    size, seconds = output.split()
    return {"bytes": int(size), "seconds": float(seconds)}


def ping_rtt_ms(lab: Lab, vip: str = VIP, count: int = 10) -> float | None:
    """Median round trip of the answered pings; None when none was answered."""
    family = "-6" if ":" in vip else "-4"
    done = lab.run("client", ["ping", family, "-n", "-c", str(count), "-i", "0.1", "-W", "2", vip], check=False)
    samples = sorted(float(rtt) for rtt in re.findall(r"time=([0-9.]+)", done.stdout))
    return samples[len(samples) // 2] if samples else None


def dig(lab: Lab, server: str, record: str) -> bool:
    """Whether the DNS server behind the VIP answers with what it was configured to."""
    done = lab.run("client", ["dig", "+short", "+tries=3", f"@{server}", DNS_NAME, record], check=False)
    return done.stdout.strip() == (DNS_ANSWER if record == "A" else DNS_ANSWER6)


def iperf(lab: Lab, *options: str) -> dict[str, Any] | None:
    """iperf3's summary over the run; None when it failed."""
    done = lab.run("client", ["iperf3", "-c", VIP, "-J", "-t", "3", *options], check=False)
    report = json.loads(done.stdout or "{}")
    return None if done.returncode != 0 or "error" in report else report["end"]


def start_download(lab: Lab, into: Path) -> subprocess.Popen[str]:
    url = f"http://{VIP}/file.bin"
    return lab.popen("client", ["curl", "-sS", "--fail", "--max-time", str(TRANSFER_TIMEOUT_S), "-o", str(into), url])
