"""Processes that outlive the program that started them: recorded by pid and start time, ended by both.

A pid alone may belong to somebody else by the time it is used; pid and start time together never do.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

GRACE_S = 3.0  # between SIGTERM and SIGKILL


@dataclass(frozen=True)
class ProcessId:
    pid: int
    start_ticks: int  # field 22 of /proc/PID/stat: clock ticks after boot

    @staticmethod
    def of(pid: int) -> ProcessId | None:
        """None when there is no such process, or it has ended and only waits to be reaped."""
        try:
            # The command name, in parentheses, may hold anything; fields are counted after its last ")".
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in ("Z", "X") else ProcessId(pid, int(fields[19]))

    def is_alive(self) -> bool:
        return ProcessId.of(self.pid) == self


def current_process() -> ProcessId:
    process = ProcessId.of(os.getpid())
    assert process is not None
    return process


def start(argv: list[str], log: Path) -> ProcessId:
    """Starts a program in a session of its own (Ctrl-C does not reach it), its output going to `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, close_fds=True
        )
    process = ProcessId.of(child.pid)
    child.returncode = 0  # the lab reaps by end(); Popen must not warn about a child it no longer watches
    # A child that has ended already is told from one that never was by its start time of 0.
    return process or ProcessId(child.pid, 0)


def end(processes: list[ProcessId], first_signal: int = signal.SIGTERM, grace_s: float = GRACE_S) -> None:
    """Ends all of them and returns when they are gone. Those that ignore the first signal get SIGKILL."""
    handles: dict[int, ProcessId] = {}
    try:
        for process in processes:
            try:
                handle = os.pidfd_open(process.pid)
            except ProcessLookupError:
                continue
            if process.is_alive():  # checked after opening: from here the handle cannot change its meaning
                handles[handle] = process
            else:
                os.close(handle)
        _signal_and_wait(handles, first_signal, grace_s)
        _signal_and_wait(handles, signal.SIGKILL, grace_s)
    finally:
        for handle in handles:
            os.close(handle)
    for process in processes:
        _reap(process.pid)


def _signal_and_wait(handles: dict[int, ProcessId], number: int, grace_s: float) -> None:
    waiting = set(handles)
    poll = select.poll()
    for handle, process in handles.items():
        if process.is_alive():
            signal.pidfd_send_signal(handle, number)
            poll.register(handle, select.POLLIN)
        else:
            waiting.discard(handle)
    deadline = _now() + grace_s
    while waiting and _now() < deadline:
        for handle, _ in poll.poll(max(0.0, deadline - _now()) * 1000):
            poll.unregister(handle)
            waiting.discard(handle)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass  # not our child: its parent, or init, reaps it


def _now() -> float:
    return time.monotonic()
