"""probe_stream.py -- A stream of UDP probes through a lab while things happen to it, and what became of them."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from izar_lab import edge_files
from izar_lab.errors import LabError
from izar_lab.lab import Lab

RATE_HZ = 1000
PORT = 7000
PROGRESS_S = 0.05
PATIENCE_S = 30.0


@contextmanager
def probe_echo(lab: Lab, host: str) -> Iterator[None]:
    """Probes are answered at that host while the block runs."""
    server = lab.popen(host, [_program(lab), "echo"], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None and server.stdout.readline() == "ready\n"
        yield
    finally:
        server.terminate()
        server.communicate()


def _program(lab: Lab) -> str:
    return str(edge_files.find_program(lab.build, "izar-udp-probe"))


class ProbeStream:
    """Runs while the block does, from a host to a VIP or another host, and is answered when it begins; `report` is there
    afterwards.

    What the sender tells of its progress is read as it comes: a sender whose pipe is full would wait, and not send.
    """

    def __init__(self, lab: Lab, address: str, source: str = "client", rate_hz: int = RATE_HZ) -> None:
        argv = [_program(lab), "send", address, "--port", str(PORT), "--duration", "0", "--rate", str(rate_hz)]
        self._start = lambda: lab.popen(source, [*argv, "--progress", str(PROGRESS_S)], stdout=subprocess.PIPE)
        self._news = threading.Condition()
        self._periods = 0  # of PROGRESS_S, told so far
        self._rtt_ms: float | None = None  # of the last of them: median, None without a reply
        self._ended = False
        self.report: dict[str, Any] = {}

    def __enter__(self) -> ProbeStream:
        self._process = self._start()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        try:
            self.wait_for_replies()
        except LabError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._reader.join()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def rtt_ms(self) -> float | None:
        """Median round trip of the period under way, once it is over; None: no reply came in it."""
        with self._news:
            before = self._periods
            self._news.wait_for(lambda: self._periods > before or self._ended, PATIENCE_S)
            if self._ended:
                raise LabError("the probe stream ended by itself")
            return self._rtt_ms

    def wait_until(self, is_reached: Callable[[float | None], bool], timeout_s: float, periods: int = 1) -> bool:
        """Until is_reached(round trip in ms) holds for that many periods in a row; False at the timeout."""
        seen = 0
        for _ in range(round(timeout_s / PROGRESS_S)):
            seen = seen + 1 if is_reached(self.rtt_ms()) else 0
            if seen == periods:
                return True
        return False

    def wait_for_replies(self, periods: int = 1) -> None:
        """Until that many periods in a row, from now on, had replies."""
        if not self.wait_until(lambda rtt: rtt is not None, PATIENCE_S, periods):
            raise LabError(f"no replies to probes for {PATIENCE_S:.0f} s")

    def run_for(self, seconds: float) -> None:
        self.wait_until(lambda _: False, seconds)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            with self._news:
                if "at_ms" in told:
                    self._periods, self._rtt_ms = self._periods + 1, told["rtt_ms"]
                else:
                    self.report = told
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
