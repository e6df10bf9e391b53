"""Outages from reports of lost probes: which cut a loss belongs to, and what nobody can beat."""

import pytest
from izar_perf.outage import Cut, outages
from izar_perf.statistics import percentile

START_MS = 5_000.0


def lost(*spans: tuple[int, int]) -> list[dict]:
    """Ranges of lost probes, one a millisecond, from the first to the last of each span."""
    return [{"first": a, "last": b, "from_ms": float(a), "span_ms": float(b - a + 1)} for a, b in spans]


def report(out: list[dict], back: list[dict]) -> dict:
    either = sorted(out + back, key=lambda each: each["first"])
    return {"start_monotonic_ms": START_MS, "rtt_ms": {"max": 100.0}, "lost_ranges": either,
            "lost_out_ranges": out, "lost_back_ranges": back}


def test_both_directions_count_for_themselves():
    # Cut at 1,000 on a link of 20 ms one way, noticed after 30 ms: see how long each direction's probes are lost.
    seen = outages(report(lost((1000, 1049)), lost((960, 999))), [Cut(START_MS + 1000, 20.0)])
    assert [(each.outage_ms, each.raw_ms, each.lost_after) for each in seen] == [(30.0, 90.0, 0)]


def test_nothing_lost_is_no_outage():
    assert outages(report([], []), [Cut(START_MS + 10, 20.0)])[0].outage_ms == 0.0


def test_losses_belong_to_the_cut_before_them():
    cuts = [Cut(START_MS + 1000, 5.0, healed_ms=START_MS + 2000), Cut(START_MS + 3000, 5.0)]
    seen = outages(report(lost((1000, 1039), (2500, 2501), (2950, 3009)), []), cuts)
    assert [each.outage_ms for each in seen] == [35.0, 55.0]
    assert [each.lost_after for each in seen] == [2, 0]


def test_two_gaps_of_one_cut_are_one_outage():
    seen = outages(report(lost((1000, 1009), (1090, 1099)), []), [Cut(START_MS + 1000, 0.0)])
    assert seen[0].outage_ms == 100.0


@pytest.mark.parametrize(("percent", "expected"), [(1, 1.0), (50, 50.0), (99, 99.0), (100, 100.0)])
def test_percentile_of_known_values(percent: float, expected: float):
    assert percentile([float(i) for i in range(100, 0, -1)], percent) == expected


def test_percentile_of_nothing():
    assert percentile([], 50) is None
