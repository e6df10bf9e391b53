"""What the report of a probe stream tells of an event."""

from __future__ import annotations

from typing import Any


def outage_ms(report: dict[str, Any], event_monotonic: float, out_ms: float, back_ms: float) -> float | None:
    """How long the overlay failed one direction of the stream, whichever failed longer.

    Per direction: span of the intended send times of what was lost from the event on, less the time that nobody can
    beat (`out_ms`, `back_ms`: what is on its way when it happens, and until the other end can know). None:
    nothing came back at all.
    """
    if report["received"] == 0:
        return None
    # A probe sent before the event may be lost by it, but not one that had been back by then.
    early_ms = event_monotonic * 1000 - report["start_monotonic_ms"] - report["rtt_ms"]["max"]
    spans = []
    for direction, travel_ms in (("lost_out_ranges", out_ms), ("lost_back_ranges", back_ms)):
        ranges = [each for each in report[direction] if each["from_ms"] >= early_ms]
        if ranges:
            end_ms = ranges[-1]["from_ms"] + ranges[-1]["span_ms"]
            spans.append(end_ms - ranges[0]["from_ms"] - travel_ms)
    return max([0.0, *spans])
