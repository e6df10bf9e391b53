"""statistics.py -- What is made of repeated measurements: the median, and how far they lie apart."""

import math
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
