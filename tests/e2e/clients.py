"""clients.py -- Unmodified clients at a host of the lab, and what they say."""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from izar_lab import Lab

TRANSFER_S = 60


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def curl(lab: Lab, *options: str, client: str = "client") -> str:
    return lab.run(client, ["curl", "-sS", "--fail", "--max-time", str(TRANSFER_S), *options]).stdout


def start_curl(lab: Lab, *options: str) -> subprocess.Popen[str]:
    return lab.popen("client", ["curl", "-sS", "--fail", "--max-time", str(TRANSFER_S), *options], stderr=subprocess.PIPE)


def wrk(lab: Lab, url: str, connections: int, seconds: int) -> dict[str, Any]:
    """{"requests", "errors"}: answered requests; socket errors and answers other than 2xx or 3xx."""
    script = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "20s", url]
    text = lab.run("client", ["bash", "-c", 'ulimit -n 8192; exec "$@"', "-", *script]).stdout
    errors = sum(int(n) for line in re.findall(r"(?:Socket errors|Non-2xx).*", text) for n in re.findall(r"\d+", line)[-4:])
    return {"requests": int(re.search(r"(\d+) requests in", text)[1]), "errors": errors, "text": text}


def iperf(lab: Lab, address: str, *options: str, seconds: int = 2) -> dict[str, Any]:
    """iperf3's summary over the run."""
    text = lab.run("client", ["iperf3", "-c", address, "-J", "-t", str(seconds), *options], check=False).stdout
    report = json.loads(text)
    assert "error" not in report, report["error"]
    return report["end"]


def dig(lab: Lab, address: str, name: str, record: str, *options: str) -> str:
    return lab.run("client", ["dig", "+short", "+tries=1", "+time=5", *options, f"@{address}", name, record]).stdout.strip()


def ping(lab: Lab, address: str, *options: str, count: int = 5, where: str = "client") -> int:
    """How many were answered."""
    argv = ["ping", "-n", "-c", str(count), "-i", "0.05", "-W", "3", *options, address]
    return len(re.findall(r"bytes from .* time=", lab.run(where, argv, check=False).stdout))
