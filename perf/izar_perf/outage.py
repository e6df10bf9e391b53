"""outage.py -- How long a stream of probes was cut off, from the probes' own report and the times of the cuts.

All times are CLOCK_MONOTONIC in milliseconds. A probe stands for its intended send time, so a stalled sender is no excuse.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

Range = dict[str, float]  # of lost probes, as docs/json.md describes them


@dataclasses.dataclass
class Cut:
    """One cut of the way that the stream takes."""

    at_ms: float
    # What is under way when it happens and until the far end can know: nobody can beat that.
    travel_ms: float
    healed_ms: float = math.inf
    detect_ms: float | None = None  # from the first moment it could be noticed until it was
    detection_time_ms: float | None = None  # the silence that was asked for, as stretched by jitter at that moment


@dataclasses.dataclass
class Outage:
    outage_ms: float  # of the direction that suffered longer, without the travel time
    raw_ms: float  # first lost probe to last, whichever direction
    lost_after: int  # probes lost between the cut's repair and the next cut


def outages(report: dict[str, Any], cuts: Sequence[Cut]) -> list[Outage]:
    """What each cut did to the stream; `report` is izar-udp-probe's."""
    # A probe sent before the cut may be lost by it, but not one whose reply was back by then.
    early_ms = report["rtt_ms"]["max"]
    starts = [cut.at_ms - early_ms for cut in cuts] + [math.inf]
    found = []
    for cut, start_ms, next_ms in zip(cuts, starts, starts[1:]):
        out = _between(report, "lost_out_ranges", start_ms, min(cut.healed_ms, next_ms))
        back = _between(report, "lost_back_ranges", start_ms, min(cut.healed_ms, next_ms))
        either = _between(report, "lost_ranges", start_ms, min(cut.healed_ms, next_ms))
        after = _between(report, "lost_ranges", cut.healed_ms, next_ms) if cut.healed_ms < next_ms else []
        outage_ms = max(0.0, _span_ms(out) - cut.travel_ms, _span_ms(back) - cut.travel_ms)
        lost_after = sum(int(each["last"] - each["first"]) + 1 for each in after)
        found.append(Outage(outage_ms, _span_ms(either), lost_after))
    return found


def _between(report: dict[str, Any], key: str, from_ms: float, to_ms: float) -> list[Range]:
    """The ranges that begin in that time."""
    start_ms = report["start_monotonic_ms"]
    return [each for each in report[key] if from_ms <= start_ms + each["from_ms"] < to_ms]


def _span_ms(ranges: Sequence[Range]) -> float:
    return ranges[-1]["from_ms"] + ranges[-1]["span_ms"] - ranges[0]["from_ms"] if ranges else 0.0
