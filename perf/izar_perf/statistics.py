"""statistics.py -- What is made of repeated measurements: the median, and how far they lie apart."""

import math
import random
import statistics
from collections.abc import Sequence


def median(values: Sequence[float], digits: int = 3) -> float | None:
    return round(statistics.median(values), digits) if values else None


def spread_percent(values: Sequence[float]) -> float | None:
    """Distance of the largest from the smallest, in percent of the median."""
    if not values or statistics.median(values) == 0:
        return None
    return round(100 * (max(values) - min(values)) / statistics.median(values), 1)


def percentile(values: Sequence[float], percent: float, digits: int = 1) -> float | None:
    """The least value that so many percent of all do not exceed."""
    if not values:
        return None
    at = max(0, math.ceil(percent / 100 * len(values)) - 1)
    return round(sorted(values)[at], digits)


RESAMPLES = 2_000
LEAST_PAIRS = 5  # fewer tell no interval


def ratio_with_confidence(
    pairs: Sequence[tuple[float, float]], seed: int
) -> tuple[float, float | None, float | None]:
    """Geometric mean of second / first over the pairs, and the 95 % interval of it by bootstrap; None from too few pairs."""
    logs = [math.log(second / first) for first, second in pairs]
    ratio = round(math.exp(statistics.fmean(logs)), 4)
    if len(logs) < LEAST_PAIRS:
        return ratio, None, None
    dice = random.Random(seed)
    means = sorted(statistics.fmean(dice.choices(logs, k=len(logs))) for _ in range(RESAMPLES))
    low, high = means[round(0.025 * RESAMPLES)], means[round(0.975 * RESAMPLES) - 1]
    return ratio, round(math.exp(low), 4), round(math.exp(high), 4)
