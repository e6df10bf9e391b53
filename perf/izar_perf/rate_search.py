"""rate_search.py -- The highest load that a device carries with no loss (NDR) or with little (PDR), by MLRsearch.

After draft-ietf-bmwg-mlrsearch: a goal allows a loss ratio, and a share of the time (exceed ratio) in which even that may be
exceeded, so that a few disturbed trials do not decide. A load is a lower bound once enough trials kept the loss whatever the
rest of the time might bring, an upper bound once too many did not. Trials of one load count for every goal.
Loads are in any unit; the result is in the same.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence


@dataclasses.dataclass(frozen=True)
class Goal:
    """What "carries" means. `trials` of one length have to be looked at, or as many as decide."""

    loss_ratio: float
    trials: int = 21
    width: float = 0.005  # between lower and upper bound, of the upper
    exceed_ratio: float = 0.5


@dataclasses.dataclass(frozen=True)
class Found:
    """The conditional throughput at the relevant lower bound; no load at all if `load` is None."""

    load: float | None
    at_most: bool  # the highest load that could be offered was carried: the device may be better
    trials: int  # made until then, for all goals


# The draft's coarse phases before the goal's own: few trials and a wide bracket first.
PHASES = ((1, 16.0), (5, 4.0), (None, 1.0))  # trials, multiple of the goal's width
LEAST_SHARE = 1e-3  # of the highest load: a device that does not carry this carries nothing


def bound(losses: Sequence[float], goal: Goal) -> str | None:
    """Whether a load with these trials' loss ratios is a "lower" or an "upper" bound, or None while it is open."""
    low = sum(loss <= goal.loss_ratio for loss in losses)
    high = len(losses) - low
    whole = max(len(losses), goal.trials)
    allowed = whole * goal.exceed_ratio
    if whole - low <= allowed:
        return "lower"
    return "upper" if high > allowed else None


def throughput(load: float, losses: Sequence[float], goal: Goal) -> float:
    """The load less the loss of its worst trial that the exceed ratio does not excuse."""
    worst_first = sorted(losses, reverse=True)
    excused = math.floor(max(len(losses), goal.trials) * goal.exceed_ratio) - max(0, goal.trials - len(losses))
    return load * (1 - worst_first[min(max(excused, 0), len(losses) - 1)])


class Search:
    """Trials of one device. `measure(load)` makes one and returns its loss ratio."""

    def __init__(self, measure: Callable[[float], float], highest: float) -> None:
        self._measure = measure
        self._highest = highest
        self._losses: dict[float, list[float]] = {}

    def find(self, goal: Goal) -> Found:
        for trials, widths in PHASES:
            phase = dataclasses.replace(goal, trials=min(trials or goal.trials, goal.trials), width=goal.width * widths)
            lower = self._narrow(phase)
        made = sum(map(len, self._losses.values()))
        if lower is None:
            return Found(None, False, made)
        return Found(throughput(lower, self._losses[lower], goal), lower == self._highest, made)

    def _narrow(self, goal: Goal) -> float | None:
        """The relevant lower bound, once it is close to the upper one; None if there is no lower bound."""
        step = goal.width
        while True:
            lower, upper = self._bounds(goal)
            if lower == self._highest or (lower and upper and (upper - lower) / upper <= goal.width):
                return lower
            if lower is None and upper is not None and upper <= self._highest * LEAST_SHARE:
                return None
            step = step if lower and upper else step * 2
            self._decide(self._next_load(lower, upper, step, goal), goal)

    def _bounds(self, goal: Goal) -> tuple[float | None, float | None]:
        """The highest lower bound below the lowest upper bound, and that."""
        kinds = {load: bound(losses, goal) for load, losses in self._losses.items()}
        upper = min((load for load, kind in kinds.items() if kind == "upper"), default=None)
        below = (load for load, kind in kinds.items() if kind == "lower" and (upper is None or load < upper))
        return max(below, default=None), upper

    def _next_load(self, lower: float | None, upper: float | None, step: float, goal: Goal) -> float:
        """Known loads that an earlier phase left open come first; else the middle, or a step further out."""
        tried = [load for load in self._losses if (lower or 0) < load < (upper or math.inf)]
        open_loads = sorted(load for load in tried if bound(self._losses[load], goal) is None)
        if open_loads:
            return open_loads[0] if lower else open_loads[-1]
        if lower and upper:
            return math.sqrt(lower * upper)
        if upper:
            return max(upper * (1 - min(step, 0.5)), self._highest * LEAST_SHARE)
        return min(lower * (1 + step), self._highest) if lower else self._highest

    def _decide(self, load: float, goal: Goal) -> None:
        losses = self._losses.setdefault(load, [])
        while bound(losses, goal) is None:
            losses.append(self._measure(load))
