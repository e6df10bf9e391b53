"""ovs_program.py -- Open vSwitch with DPDK, as Debian packs it, running in a folder of its own and touching nothing else.

Its database, sockets and logs are in that folder, its switch in a network namespace without a name; both processes are killed by
the kernel when perf/run is gone, however it ended, and the namespace with its interfaces goes with them. Where the packages
are not installed they are unpacked into the folder instead: installing them would start a switch on the machine.
"""

import os
import pathlib
import shutil
import subprocess
import time
from collections.abc import Callable

from izar_perf.suite import Context, SuiteFailed

PACKAGE = "openvswitch-switch-dpdk"
SWITCH = "usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
DATABASE = "usr/sbin/ovsdb-server"
SCHEMA = "usr/share/openvswitch/vswitch.ovsschema"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
FREE_PAGES = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
MEMORY_MIB = 512
MAIN_CPU_MASK, FORWARDING_CPU_MASK = "0x1", "0x2"
PATIENCE_S = 20.0
POLL_S = 0.05


def tail(file: pathlib.Path) -> str:
    return file.read_text()[-1500:] if file.exists() else ""


def find_root(folder: pathlib.Path) -> pathlib.Path:
    """The directory below which the programs are: the machine's, or where the packages were unpacked."""
    unpacked = folder / "packages"
    for root in (pathlib.Path("/"), unpacked):
        if all((root / each).exists() for each in (SWITCH, DATABASE, SCHEMA)):
            return root
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    command = ["apt-get", "install", "-y", "--no-install-recommends", "--download-only", "-o", f"Dir::Cache::archives={archives}",
               PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SuiteFailed(f"{PACKAGE} is neither installed nor to be had: {done.stderr.strip()[-500:]}")
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(archive), str(unpacked)], check=True)
    return unpacked


class OvsProgram:
    """Up inside the block, without bridges."""

    def __init__(self, context: Context) -> None:
        self.folder = context.build / "perf-ovs"
        self._processes: list[subprocess.Popen] = []

    def __enter__(self) -> "OvsProgram":
        self.folder.mkdir(exist_ok=True)
        self._root = find_root(self.folder)
        self._run = self.folder / "run"
        shutil.rmtree(self._run, ignore_errors=True)
        self._run.mkdir()
        folders = {f"OVS_{each}": str(self._run) for each in ("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR")}
        self._env = os.environ | folders
        if self._root != pathlib.Path("/"):
            self._env |= {"LD_LIBRARY_PATH": str(self._root / LIBRARIES),
                          "PATH": f"{self._root / 'usr/bin'}:{self._root / 'usr/sbin'}:{os.environ['PATH']}"}
        try:
            self._start_database()
            self._start_switch()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        shutil.rmtree(self._run, ignore_errors=True)

    def vsctl(self, *arguments: str) -> str:
        return self._tool("ovs-vsctl", "--timeout=20", f"--db=unix:{self._run / 'db.sock'}", *arguments)

    def appctl(self, *arguments: str) -> str:
        return self._tool("ovs-appctl", "--timeout=20", f"--target={self._run / 'switch.ctl'}", *arguments)

    def ofctl(self, command: str, bridge: str, *arguments: str) -> str:
        return self._tool("ovs-ofctl", "-O", "OpenFlow15", command, f"unix:{self._run / bridge}.mgmt", *arguments)

    def in_namespace(self, *command: str) -> None:
        """Runs a command in the switch's network namespace."""
        self._tool("nsenter", f"--target={self._processes[-1].pid}", "--net", *command)

    def said(self) -> str:
        return tail(self._run / "switch.log")

    def _tool(self, *command: str) -> str:
        try:
            done = subprocess.run(command, capture_output=True, text=True, env=self._env, timeout=60, check=False)
        except (FileNotFoundError, subprocess.TimeoutExpired) as error:
            raise SuiteFailed(f"{' '.join(command)}: {error}") from error
        if done.returncode != 0:
            raise SuiteFailed(f"{' '.join(command)}: {done.stderr.strip()}\n{self.said()}")
        return done.stdout

    def _start(self, name: str, *command: str) -> None:
        """A process that the kernel kills when this one is gone."""
        with (self._run / f"{name}.log").open("w") as log:
            self._processes.append(subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdout=log, stderr=subprocess.STDOUT,
                                                    stdin=subprocess.DEVNULL, env=self._env, cwd=self._run))

    def _wait_until(self, is_true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not is_true():
            if self._processes[-1].poll() is not None or time.monotonic() > deadline:
                said = "\n".join(map(tail, sorted(self._run.glob("*.log"))))
                raise SuiteFailed(f"Open vSwitch: not within {PATIENCE_S:.0f} s: {what}\n{said}")
            time.sleep(POLL_S)

    def _start_database(self) -> None:
        self._tool("ovsdb-tool", "create", str(self._run / "conf.db"), str(self._root / SCHEMA))
        self._start("database", str(self._root / DATABASE), "--no-chdir", f"--remote=punix:{self._run / 'db.sock'}",
                    f"--unixctl={self._run / 'database.ctl'}", str(self._run / "conf.db"))
        self._wait_until((self._run / "db.sock").exists, "a database that answers")

    def _start_switch(self) -> None:
        huge = FREE_PAGES.exists() and int(FREE_PAGES.read_text()) * 2 >= MEMORY_MIB
        eal = f"--no-pci --no-telemetry --file-prefix=izar-ovs-{os.getpid()} -m {MEMORY_MIB}" + ("" if huge else " --no-huge")
        self.vsctl("--no-wait", "init")
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true", f'other_config:dpdk-extra="{eal}"',
                   f"other_config:dpdk-lcore-mask={MAIN_CPU_MASK}", f"other_config:pmd-cpu-mask={FORWARDING_CPU_MASK}")
        self._start("switch", "unshare", "--net", str(self._root / SWITCH), "--no-chdir", f"--unixctl={self._run / 'switch.ctl'}",
                    f"unix:{self._run / 'db.sock'}")
        self._wait_until(lambda: self.vsctl("get", "Open_vSwitch", ".", "dpdk_initialized").strip() == "true", "DPDK started")
