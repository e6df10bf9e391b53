"""Merged histograms against the values themselves."""

import math
import random

import pytest
from izar_perf.histogram import Histogram


def test_percentiles_of_merged_parts_are_those_of_all_values():
    dice = random.Random(7)
    parts = [[dice.randrange(1_000) for _ in range(count)] for count in (1, 50, 700)]
    merged = Histogram([[[value, part.count(value)] for value in sorted(set(part))] for part in parts] + [None])
    values = sorted(value for part in parts for value in part)
    assert merged.count == len(values)
    for percent in (0.1, 10, 50, 90, 99, 99.9, 100):
        assert merged.percentile(percent) == values[math.ceil(percent / 100 * len(values)) - 1]


def test_a_histogram_of_nothing_has_no_percentile():
    assert Histogram([None]).percentile(50) is None
    assert Histogram().curve(1.0) == []


def test_a_curve_ends_where_its_entries_do():
    curve = Histogram([[[10, 900], [20, 90], [70, 10]]]).curve(0.5)
    assert curve[0] == [0.0, 5.0]
    assert curve[-1][0] == pytest.approx(99.9)  # 1,000 entries tell no fourth nine
    assert curve[-1][1] == 35.0
    assert curve == sorted(curve)
