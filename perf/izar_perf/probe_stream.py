"""probe_stream.py -- A 1 kHz stream of UDP probes through a lab while things happen to it."""

import json
import subprocess
import threading
import time
from typing import Any

RATE_HZ = 1000
PROGRESS_S = 0.05
POLL_S = 0.005


class ProbeStream:
    """Runs from entering to leaving the block, between two hosts of a lab; `report` is there afterwards."""

    def __init__(self, lab: Any, program: str, source: str, target: str, address: str) -> None:
        self._lab = lab
        self._program = program
        self._source = source
        self._target = target
        self._address = address
        self._answered = 0  # progress lines in a row with replies
        self.report: dict[str, Any] = {}

    def __enter__(self) -> "ProbeStream":
        self._server = self._lab.popen(self._target, [self._program, "echo"], stdout=subprocess.PIPE)
        self._server.stdout.readline()
        argv = [self._program, "send", self._address, "--duration", "0", "--rate", str(RATE_HZ)]
        argv += ["--progress", str(PROGRESS_S)]
        self._sender = self._lab.popen(self._source, argv, stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._sender.terminate()
        self._reader.join()
        for process in (self._sender, self._server):
            process.terminate()
            process.wait()
            process.stdout.close()

    def wait_for_replies(self, lines: int, timeout_s: float) -> bool:
        """Until that many progress lines in a row, from now on, had replies."""
        self._answered = 0
        deadline = time.monotonic() + timeout_s
        while self._answered < lines and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return self._answered >= lines

    def _read(self) -> None:
        for line in self._sender.stdout:
            told = json.loads(line)
            if "at_ms" not in told:
                self.report = told
            else:
                self._answered = self._answered + 1 if told["rtt_ms"] is not None else 0
