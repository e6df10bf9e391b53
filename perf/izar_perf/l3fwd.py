"""l3fwd.py -- DPDK's example router as a peer, built from the source that Debian's dpdk-doc brings.

Every route leads from the port that plays packets to the one that takes them (captures.py). Two things of its source are
changed for virtual ports: no checksum offload is asked for, and no RSS.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

from izar_perf import captures
from izar_perf.captures import FLOWS, PORT, VIP, client
from izar_perf.suite import Context, SuiteFailed

EXAMPLES = pathlib.Path("/usr/share/dpdk/examples")
SOURCES = ("main.c", "l3fwd_acl.c", "l3fwd_lpm.c", "l3fwd_fib.c", "l3fwd_em.c", "l3fwd_event.c", "l3fwd_event_generic.c",
           "l3fwd_event_internal_port.c")
CHANGES = {".offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM,": ".offloads = 0,", ".mq_mode = RTE_ETH_MQ_RX_RSS,": ".mq_mode = RTE_ETH_MQ_RX_NONE,",
           ".rss_hf = RTE_ETH_RSS_IP,": ".rss_hf = 0,"}
MODES = ("em", "lpm")  # exact match of the 5-tuple, longest prefix of the destination
PATIENCE_S = 10.0
RUNTIME = pathlib.Path("/var/run/dpdk")


def build(folder: pathlib.Path) -> pathlib.Path:
    """The program, built in `folder` if it is not there."""
    program = folder / "l3fwd"
    if program.exists():
        return program
    if not (EXAMPLES / "l3fwd").exists():
        raise SuiteFailed(f"{EXAMPLES / 'l3fwd'} does not exist: dpdk-doc is not installed; run tools/install")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(EXAMPLES / "l3fwd", folder / "source")
    main = folder / "source" / "main.c"
    text = main.read_text()
    for old, new in CHANGES.items():
        if old not in text:
            raise SuiteFailed(f"l3fwd's main.c has no line '{old}': this version is not known")
        text = text.replace(old, new)
    main.write_text(text)
    flags = {kind: subprocess.check_output(["pkg-config", f"--{kind}", "libdpdk"], text=True).split() for kind in ("cflags", "libs")}
    command = ["gcc", "-O3", "-w", "-DALLOW_EXPERIMENTAL_API", *flags["cflags"], f"-I{EXAMPLES / 'common'}", *SOURCES, "-o", str(program),
               *flags["libs"]]
    done = subprocess.run(command, cwd=folder / "source", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SuiteFailed(f"l3fwd does not build:\n{done.stderr[-2000:]}")
    return program


def write_inputs(folder: pathlib.Path) -> None:
    """The capture that port 0 plays, and the routes of both modes."""
    captures.write(folder / "packets.pcap", [captures.client_frame(flow) for flow in range(FLOWS)])
    em = [f"R{VIP} {client(flow)[0]} {PORT} {client(flow)[1]} 0x11 1\n" for flow in range(FLOWS)]
    (folder / "em4").write_text("".join(em))
    (folder / "em6").write_text("R2001:200:0:0:0:0:0:1 2001:200:0:0:0:0:0:2 9 9 0x11 1\n")
    (folder / "lpm4").write_text(f"R{VIP}/32 1\n")
    (folder / "lpm6").write_text("R2001:200::/48 1\n")


class Telemetry:
    """Counters of a running DPDK process."""

    def __init__(self, prefix: str, process: subprocess.Popen) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._socket.connect(str(RUNTIME / prefix / "dpdk_telemetry.v2"))
                break
            except OSError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SuiteFailed(f"{prefix} answers no telemetry: {error}") from error
                time.sleep(0.05)
        self._socket.recv(16384)  # its greeting

    def sent_packets(self, port: int) -> int:
        self._socket.send(f"/ethdev/stats,{port}".encode())
        counters = json.loads(self._socket.recv(65536))["/ethdev/stats"]
        return counters["opackets"] if counters else 0


def cpu_s(pid: int) -> float:
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def measure(context: Context, mode: str, seconds: float, tsc_mhz: float) -> tuple[float, float]:
    """Cycles per packet of the core's own time, and million packets in such a second."""
    folder = context.build / "perf-l3fwd"
    program = build(folder)
    write_inputs(folder)
    prefix = f"izar-l3fwd-{os.getpid()}"
    command = [str(program), "--lcores=1@1", "--no-pci", "--in-memory", "-m", "256", f"--file-prefix={prefix}", "--log-level=*:error",
               f"--vdev={captures.IN_PORT.format(file='packets.pcap')}", f"--vdev={captures.OUT_PORT}", "--", "-p", "0x3", "-P",
               f"--lookup={mode}",
               "--config=(0,0,1),(1,0,1)", "--parse-ptype", f"--rule_ipv4={mode}4", f"--rule_ipv6={mode}6"]
    with (folder / f"{mode}.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        telemetry = Telemetry(prefix, process)
        deadline = time.monotonic() + PATIENCE_S
        while telemetry.sent_packets(1) == 0:
            if time.monotonic() > deadline:
                raise SuiteFailed("it forwards nothing")
            time.sleep(0.05)
        packets, spent = telemetry.sent_packets(1), cpu_s(process.pid)
        time.sleep(seconds)
        packets, spent = telemetry.sent_packets(1) - packets, cpu_s(process.pid) - spent
    except SuiteFailed as failure:
        said = (folder / f"{mode}.log").read_text()[-1500:]
        raise SuiteFailed(f"l3fwd, {mode}: {failure}\n{said}") from failure
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)
        shutil.rmtree(RUNTIME / prefix, ignore_errors=True)
    return tsc_mhz * 1e6 * spent / packets, packets / spent / 1e6
