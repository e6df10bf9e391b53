"""The rig measures what is known: a forwarder that loses one packet in a thousand, and one of known speed."""

import os

import pytest
from izar_perf.histogram import Histogram
from izar_perf.rig import Rig
from izar_perf.suite import Context, SuiteFailed

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a core for each thread")


@pytest.fixture
def context(build) -> Context:
    return Context(build, runs=1, quick=True, seed=1)


def test_one_packet_in_a_thousand_is_found_missing(context: Context):
    with Rig(context, role="relay", drop_every=1_000) as rig:
        trial = rig.ask(system="impaired", ms=300, load_mpps=0.5)
        assert trial["accounted"]
        assert trial["missing_packets"] == pytest.approx(trial["offered_packets"] / 1_000, abs=1)
        assert trial["loss_ratio"] == pytest.approx(0.001, rel=0.02)
        rates = rig.rates("impaired", 2.0)
    assert rates["pdr_mpps"] > 0.5
    # A trial of so few packets that the thousandth does not come is one without loss.
    assert rates["ndr_mpps"] is None or rates["ndr_mpps"] < 0.3


def test_a_slow_forwarder_has_its_known_rate(context: Context):
    cycles = 2_000
    with Rig(context, role="relay", slow_cycles=cycles) as rig:
        trial = rig.ask(system="impaired", ms=300)
        rates = rig.rates("impaired", trial["mpps"])
    assert trial["accounted"]
    assert cycles <= trial["cycles_per_packet"] <= 1.1 * cycles
    known_mpps = trial["tsc_hz"] / 1e6 / cycles
    assert 0.8 * known_mpps <= trial["mpps"] <= 1.02 * known_mpps
    assert rates["pdr_mpps"] <= 1.02 * known_mpps


def test_latency_starts_when_a_packet_was_due(context: Context):
    """At a third more than a forwarder carries, packets wait ever longer: a clock that started when they were sent
    would not see it."""
    with Rig(context, role="relay", slow_cycles=2_000) as rig:
        carried = rig.ask(system="impaired", ms=50)
        trial = rig.ask(system="impaired", ms=200, load_mpps=carried["tsc_hz"] / 2e9 * 4 / 3, latency=True)
    longest_ms = trial["latency_ns_buckets"][-1][0] / 1e6
    assert longest_ms >= 200 / 4 * 0.9


def test_a_request_that_cannot_be_served_is_a_sentence(context: Context):
    with Rig(context, role="relay") as rig, pytest.raises(SuiteFailed, match="no system 'other'"):
        rig.ask(system="other", ms=20)
    with pytest.raises(SuiteFailed, match="no role 'none'"), Rig(context, role="none") as rig:
        rig.ask(system="izar", ms=20)


def test_a_lcore_that_naps_answers_later_and_loses_nothing(context: Context):
    with Rig(context, role="relay", naps=True) as rig:
        trial = rig.ask(system="izar", ms=100, load_mpps=0.01, latency=True, opens_flows=True)
    assert trial["accounted"] and trial["missing_packets"] == 0
    assert Histogram([trial["latency_ns_buckets"]]).percentile(50) > 20_000  # half a nap is 100 us, a spinning one takes 1 us


def test_opened_flows_are_held(context: Context):
    with Rig(context, role="egress", flows=5_000) as rig:
        opened = rig.ask(open_flows=True)
    assert opened["flows_held"] == 5_000 and opened["flows_refused"] == 0
    assert 64 < opened["bytes_per_flow"] < 96  # an entry alone takes 64
