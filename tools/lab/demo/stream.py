"""A 1 kHz probe stream through the overlay while something happens to it, and what it lost."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import Any

from izar_lab import edge_files
from izar_lab.lab import Lab

from demo.traffic import VIP

RATE_HZ = 1000


class ProbeStream:
    """Runs from entering to leaving the block; `report` is there afterwards."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._program = str(edge_files.find_program(lab.build, "izar-udp-probe"))
        self.report: dict[str, Any] = {}

    def __enter__(self) -> ProbeStream:
        argv = [self._program, "send", VIP, "--port", "7000", "--duration", "0", "--rate", str(RATE_HZ)]
        self._process = self._lab.popen("client", [*argv, "--progress", "0.05"], stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        output, _ = self._process.communicate(timeout=10)
        self.report = json.loads(output.splitlines()[-1])

    def rtt_ms(self) -> float | None:
        """Median round trip of the last 50 ms that had a reply; waits for the next progress line."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())["rtt_ms"]

    def run_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.rtt_ms()

    def wait_until(self, is_reached: Any, timeout_s: float) -> bool:
        """Reads progress until is_reached(round trip in ms) holds; False at the timeout."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            rtt = self.rtt_ms()
            if rtt is not None and is_reached(rtt):
                return True
        return False

    def outage_ms(self, event_monotonic: float, out_ms: float, back_ms: float) -> float | None:
        """How long the overlay failed one direction of the stream, whichever failed longer.

        Per direction: span of the intended send times of what was lost from the event on, less the time that nobody can
        beat (`out_ms`, `back_ms`: what is on its way when it happens, and until the other end can know). None:
        nothing came back at all.
        """
        if self.report["received"] == 0:
            return None
        # A probe sent before the event may be lost by it, but not one that had been back by then.
        early_ms = event_monotonic * 1000 - self.report["start_monotonic_ms"] - self.report["rtt_ms"]["max"]
        spans = []
        for direction, travel_ms in (("lost_out_ranges", out_ms), ("lost_back_ranges", back_ms)):
            ranges = [each for each in self.report[direction] if each["from_ms"] >= early_ms]
            if ranges:
                end_ms = ranges[-1]["from_ms"] + ranges[-1]["span_ms"]
                spans.append(end_ms - ranges[0]["from_ms"] - travel_ms)
        return max([0.0, *spans])
