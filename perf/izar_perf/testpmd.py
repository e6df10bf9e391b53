"""testpmd.py -- dpdk-testpmd in mode io as null control: a burst is received and sent, and nobody looks at the packets.

Over net_ring each port is its own wire: what testpmd sends to it comes back, so a handful of bursts goes round for ever on one
core. Its figure, `CPU cycles/packet` of record-core-cycles, is the floor below every other row. Over net_pcap a capture
is played (captures.py), and what that driver takes is in the figure.
"""

import os
import pathlib
import re
import shutil
import subprocess
import time

from izar_perf import captures
from izar_perf.suite import Context, SuiteFailed

BURSTS = 4  # in flight on each port of net_ring
FIGURE = re.compile(r"CPU cycles/packet=([0-9.]+) \(total cycles=(\d+) / total io packets=(\d+)\) at (\d+) MHz")


def ports(driver: str, folder: pathlib.Path) -> list[str]:
    if driver == "net_ring":
        return ["--vdev=net_ring0", "--vdev=net_ring1"]
    file = folder / "testpmd.pcap"
    captures.write(file, [captures.client_frame(flow) for flow in range(captures.FLOWS)])
    return [f"--vdev={captures.IN_PORT.format(file=file)}", f"--vdev={captures.OUT_PORT}"]


def command(driver: str, folder: pathlib.Path) -> list[str]:
    eal = ["--lcores=0@0,1@1", "--no-pci", "--in-memory", "--no-telemetry", "--log-level=*:warning", "-m", "96"]
    eal += [f"--file-prefix=izar-testpmd-{os.getpid()}", *ports(driver, folder)]
    return ["dpdk-testpmd", *eal, "--", "-i", "--nb-cores=1", "--total-num-mbufs=8192", "--record-core-cycles",
            "--forward-mode=io", "--burst=32"]


def measure(context: Context, driver: str, seconds: float) -> tuple[float, float]:
    """Cycles per packet and million packets a second of the forwarding core."""
    try:
        process = subprocess.Popen(command(driver, context.build), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError as error:
        raise SuiteFailed("dpdk-testpmd is not installed; run tools/install") from error
    assert process.stdin is not None
    process.stdin.write(f"start tx_first {BURSTS}\n" if driver == "net_ring" else "start\n")
    process.stdin.flush()
    time.sleep(seconds)
    output = process.communicate("stop\nquit\n", timeout=60)[0]
    shutil.rmtree(f"/var/run/dpdk/izar-testpmd-{os.getpid()}", ignore_errors=True)  # which DPDK leaves behind
    found = FIGURE.search(output)
    if found is None:
        raise SuiteFailed(f"dpdk-testpmd told no cycles per packet:\n{output[-2000:]}")
    cycles = int(found.group(2)) / int(found.group(3))
    return cycles, int(found.group(4)) / cycles
