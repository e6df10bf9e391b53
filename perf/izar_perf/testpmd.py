"""testpmd.py -- dpdk-testpmd as null control.

It forwards in mode io between two net_ring ports. Each of them is its own wire: what testpmd sends to a port comes
back from it, so a handful of bursts goes round for ever on one core. Its figure, `CPU cycles/packet` of
record-core-cycles, is what receiving and sending a burst costs when no other core takes part and nobody looks at
the packets: the floor below every other row.
"""

import os
import re
import shutil
import subprocess
import time

from izar_perf.suite import SuiteFailed

BURSTS = 4  # in flight on each port
FIGURE = re.compile(r"CPU cycles/packet=([0-9.]+) \(total cycles=(\d+) / total io packets=(\d+)\) at (\d+) MHz")


def command() -> list[str]:
    eal = ["--lcores=0@0,1@1", "--no-pci", "--in-memory", "--no-telemetry", "--log-level=*:warning", "-m", "96"]
    eal += [f"--file-prefix=izar-testpmd-{os.getpid()}", "--vdev=net_ring0", "--vdev=net_ring1"]
    return ["dpdk-testpmd", *eal, "--", "-i", "--nb-cores=1", "--total-num-mbufs=8192", "--record-core-cycles",
            "--forward-mode=io", "--burst=32"]


def measure(seconds: float) -> tuple[float, float]:
    """Cycles per packet and million packets a second of the forwarding core."""
    try:
        process = subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True)
    except FileNotFoundError as error:
        raise SuiteFailed("dpdk-testpmd is not installed; run tools/install") from error
    assert process.stdin is not None
    process.stdin.write(f"start tx_first {BURSTS}\n")
    process.stdin.flush()
    time.sleep(seconds)
    output = process.communicate("stop\nquit\n", timeout=60)[0]
    shutil.rmtree(f"/var/run/dpdk/izar-testpmd-{os.getpid()}", ignore_errors=True)  # which DPDK leaves behind
    found = FIGURE.search(output)
    if found is None:
        raise SuiteFailed(f"dpdk-testpmd told no cycles per packet:\n{output[-2000:]}")
    cycles = int(found.group(2)) / int(found.group(3))
    return cycles, int(found.group(4)) / cycles
