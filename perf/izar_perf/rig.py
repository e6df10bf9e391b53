"""rig.py -- izar-perf-forward as a server of trials: one scenario, one process, one line a trial."""

import json
import subprocess
import tempfile

from izar_perf.rate_search import Goal, Search
from izar_perf.suite import Context, SuiteFailed

PROGRAM = "perf/forward/izar-perf-forward"

NDR = Goal(loss_ratio=0.0)
PDR = Goal(loss_ratio=0.005)
QUICK_TRIALS = 3
QUICK_WIDTH = 0.3

MOST_SKIPPED = 0.005  # of a trial's load: beyond, the generator was not there and the trial says nothing
MOST_VOID = 20  # trials in a row that say nothing, and then the load is more than the generator can offer


class Rig:
    """A node under test with its generator. Options are those of the program, as words: role="relay"."""

    def __init__(self, context: Context, **options: object) -> None:
        self._command = [context.program(PROGRAM), "--serve"]
        for name, value in options.items():
            self._command += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
        self._quick = context.quick
        self._trial_ms = 5 if context.quick else context.trial_ms

    def __enter__(self) -> "Rig":
        self._complaints = tempfile.TemporaryFile(mode="w+")
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._complaints, text=True, start_new_session=True)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._complaints.close()

    def ask(self, **request: object) -> dict:
        """The answer to one line; see perf/forward/serve.h."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # why it ended is told below
        line = self._process.stdout.readline()
        if not line:
            self._complaints.seek(0)
            raise SuiteFailed(f"{' '.join(self._command)} ended:\n{self._complaints.read().strip()}")
        answer = json.loads(line)
        if "error" in answer:
            raise SuiteFailed(f"{' '.join(self._command)}: {answer['error']}")
        return answer

    def loss(self, system: str, load_mpps: float) -> float:
        """The loss ratio of one short trial; 1 if the generator cannot offer so much."""
        for _ in range(MOST_VOID):
            trial = self.ask(system=system, ms=self._trial_ms, load_mpps=load_mpps, refuses=True)
            if trial["skipped_packets"] <= MOST_SKIPPED * trial["offered_packets"]:
                return trial["loss_ratio"]
        return 1.0

    def rates(self, system: str, highest_mpps: float) -> dict[str, float | None]:
        """NDR and PDR of a system that takes `highest_mpps` when nothing else bounds it. Its flows are open."""
        search = Search(lambda load: self.loss(system, load), highest_mpps * 1.02)
        goals = {"ndr_mpps": NDR, "pdr_mpps": PDR}
        if self._quick:
            goals = {key: Goal(goal.loss_ratio, QUICK_TRIALS, QUICK_WIDTH) for key, goal in goals.items()}
        found = {key: search.find(goal).load for key, goal in goals.items()}
        return {key: None if load is None else round(load, 3) for key, load in found.items()}
