"""histogram.py -- Merged histograms of the rig, which are lists of [largest length of a bucket, entries]."""

import math
from collections.abc import Iterable

# Up to where a curve of percentiles is drawn: the points crowd towards 100 % as a logarithmic axis of 1 - p wants them.
NINES = 5
POINTS_A_DECADE = 8


class Histogram:
    def __init__(self, parts: Iterable[list[list[int]] | None] = ()) -> None:
        """The sum of all parts; None is an empty one."""
        counts: dict[int, int] = {}
        for part in parts:
            for length, entries in part or ():
                counts[length] = counts.get(length, 0) + entries
        self._buckets = sorted(counts.items())
        self.count = sum(counts.values())

    def percentile(self, percent: float) -> int | None:
        """The length that so many percent of the entries do not exceed, rounded up to its bucket; None if empty."""
        wanted = percent / 100 * self.count
        total = 0
        for length, entries in self._buckets:
            total += entries
            if total >= wanted:
                return length
        return None

    def curve(self, scale: float) -> list[list[float]]:
        """[[percentile, length * scale], ...] from 0 to as many nines as the entries tell."""
        nines = min(NINES, math.floor(math.log10(self.count))) if self.count else 0
        points = [100 * (1 - 10 ** (-i / POINTS_A_DECADE)) for i in range(nines * POINTS_A_DECADE + 1)]
        return [[round(each, 5), round(self.percentile(each) * scale, 3)] for each in points] if self.count else []
