"""The harness's own parts: a row without a key is refused, medians and spreads are what they say."""

import random

import pytest
from izar_perf import environment, l3fwd, statistics, table
from izar_perf.cli import check_rows
from izar_perf.suite import Column, Context, SuiteFailed
from izar_perf.suites import forward


def test_row_without_a_key_is_refused():
    check_rows([{"a": 1, "b": None}], ("a", "b"))
    with pytest.raises(SuiteFailed, match="lacks \\['b'\\]"):
        check_rows([{"a": 1}], ("a", "b"))
    with pytest.raises(SuiteFailed, match="\\['c'\\] besides"):
        check_rows([{"a": 1, "c": 2}], ("a",))
    with pytest.raises(SuiteFailed, match="nothing"):
        check_rows([], ("a",))


def test_median_and_spread():
    assert statistics.median([3.0, 1.0, 2.0]) == 2.0
    assert statistics.median([]) is None
    assert statistics.spread_percent([90.0, 100.0, 120.0]) == 30.0
    assert statistics.spread_percent([]) is None


def test_a_known_ratio_is_found_under_noise_and_no_ratio_is_not_invented():
    dice = random.Random(3)

    def pairs(ratio: float) -> list[tuple[float, float]]:
        """Both of a pair share a drift of 30 %; each has noise of 3 % of its own."""
        drifts = [dice.uniform(0.7, 1.3) for _ in range(20)]
        return [(100 * each * dice.gauss(1, 0.03), 100 * each * ratio * dice.gauss(1, 0.03)) for each in drifts]

    ratio, low, high = statistics.ratio_with_confidence(pairs(1.1), seed=1)
    assert 1.0 < low < ratio < high and low <= 1.1 <= high and high - low < 0.06
    covered = [statistics.ratio_with_confidence(pairs(1.0), seed=1) for _ in range(50)]
    assert sum(low <= 1 <= high for _, low, high in covered) >= 42  # 95 % are meant; 50 tries scatter
    assert statistics.ratio_with_confidence([(1.0, 2.0)], seed=1) == (2.0, None, None)


def test_table_shows_what_was_not_measured_as_a_dash():
    text = table.render([{"a": "x", "b": 1.25}, {"a": "yy", "b": None}], [Column("a", "A"), Column("b", "B", "{:.1f}")])
    assert text.splitlines() == ["A     B", "x   1.2", "yy    -"]


def trial(**changes) -> dict:
    return {"accounted": True, "cycles_per_packet": 100.0, "mpps": 10.0} | changes


def test_void_trials_do_not_count():
    scenario = forward.scenario("relay", 1000, 64)
    trials = [trial(), trial(cycles_per_packet=110.0), trial(cycles_per_packet=5.0, accounted=False)]
    row = forward.row("izar", scenario, trials)
    assert set(row) == set(forward.KEYS)
    assert row["cycles_per_packet"] == 105.0 and row["runs"] == 2 and row["void_runs"] == 1


def test_only_leaves_what_is_asked_for(tmp_path):
    context = Context(tmp_path, runs=1, quick=True, seed=1, only={"role": "relay", "frame_bytes": "imix"})
    chosen = context.chosen(forward.scenarios(quick=False))
    assert chosen and all(each["role"] == "relay" and each["frame_bytes"] == "imix" for each in chosen)
    context.only = {"role": "nothing"}
    with pytest.raises(SuiteFailed, match="keys are .*'flows'"):
        context.chosen(forward.scenarios(quick=False))


def test_steal_is_a_share_of_the_time_between():
    env = environment.describe(1, environment.CpuTimes(total=0, steal=0, idle=0))
    assert 0 <= env["steal_percent"] <= 100
    assert env["cpus"] >= 1


def test_l3fwd_forwards_in_both_modes(build):
    context = Context(build, runs=1, quick=True, seed=1)
    if not l3fwd.EXAMPLES.exists():
        pytest.skip("dpdk-doc is not installed")
    for mode in l3fwd.MODES:
        cycles, mpps = l3fwd.measure(context, mode, 0.3, tsc_mhz=2_000.0)
        assert cycles * mpps == pytest.approx(2_000.0)
        assert 1.0 < mpps < 500.0
