"""MLRsearch against simulated devices whose rates are known, and its verdict on a load against the definition."""

import itertools
import random

import pytest
from izar_perf.rate_search import Goal, Search, bound, throughput

NDR = Goal(loss_ratio=0.0)
PDR = Goal(loss_ratio=0.005)


class Device:
    """Carries up to `capacity`, loses `always` of everything, and a `disturbed` share of its trials loses 3 % more."""

    def __init__(self, capacity: float, always: float = 0.0, disturbed: float = 0.0, seed: int = 1) -> None:
        self.capacity, self.always, self.disturbed = capacity, always, disturbed
        self.dice = random.Random(seed)
        self.trials = 0

    def loss(self, load: float) -> float:
        self.trials += 1
        extra = 0.03 if self.dice.random() < self.disturbed else 0.0
        return 1 - min(1.0, self.capacity / load) * (1 - self.always) * (1 - extra)


def close(found: float | None, known: float) -> bool:
    """A lower bound, and within the width that was asked for."""
    return found is not None and known * (1 - 0.0051) <= found <= known


@pytest.mark.parametrize("capacity", [0.05, 0.4, 1.0, 3.33, 7.77, 9.99])
def test_both_rates_of_a_clean_device(capacity: float):
    device = Device(capacity)
    search = Search(device.loss, highest=10.0)
    assert close(search.find(NDR).load, capacity)
    # At the PDR's load, capacity / 0.995, just the capacity comes through.
    assert close(search.find(PDR).load, capacity)
    assert device.trials < 450


def test_a_tenth_of_a_percent_lost_is_no_ndr_but_a_pdr():
    device = Device(4.0, always=0.001)
    search = Search(device.loss, highest=10.0)
    assert search.find(NDR).load is None
    assert close(search.find(PDR).load, 4.0 * 0.999)


@pytest.mark.parametrize("seed", range(10))
def test_disturbed_trials_do_not_decide(seed: int):
    """A quarter of the trials lose 3 %: half of them may, so the rates are those of an undisturbed device."""
    device = Device(5.0, disturbed=0.25, seed=seed)
    search = Search(device.loss, highest=10.0)
    assert 5.0 * 0.97 <= search.find(NDR).load <= 5.0
    assert 5.0 * 0.97 <= search.find(PDR).load <= 5.0 * 1.006


def test_a_device_that_is_disturbed_most_of_the_time_has_no_ndr():
    assert Search(Device(5.0, disturbed=0.9).loss, highest=10.0).find(NDR).load is None


def test_a_device_that_carries_all_is_said_to():
    found = Search(Device(50.0).loss, highest=10.0).find(NDR)
    assert found.load == 10.0 and found.at_most
    assert not Search(Device(5.0).loss, highest=10.0).find(NDR).at_most


def test_a_device_that_carries_nothing_ends_the_search():
    device = Device(0.0)
    assert Search(device.loss, highest=10.0).find(NDR).load is None
    assert device.trials < 200


def test_verdict_is_what_no_further_trial_could_change():
    """Against the definition: all ways in which the missing trials might end have to agree."""
    goal = Goal(loss_ratio=0.0, trials=5)

    def carried(losses: tuple[float, ...]) -> bool:
        return sum(loss > 0 for loss in losses) / len(losses) <= goal.exceed_ratio

    for count in range(6):
        for losses in itertools.product((0.0, 1.0), repeat=count):
            ends = {carried(losses + rest) for rest in itertools.product((0.0, 1.0), repeat=5 - count)}
            expected = {frozenset({True}): "lower", frozenset({False}): "upper"}.get(frozenset(ends))
            assert bound(losses, goal) == expected, losses


def test_throughput_leaves_out_only_what_is_excused():
    goal = Goal(loss_ratio=0.1, trials=4)
    assert throughput(10.0, [0.0, 0.05, 0.2, 0.3], goal) == pytest.approx(9.5)
    assert throughput(10.0, [0.0, 0.05], goal) == pytest.approx(9.5)  # two more might both be worse
