"""The rig measures what is known: a forwarder that loses one packet in a thousand, and one of known speed."""

import json
import os

import pytest
from izar_perf.histogram import Histogram
from izar_perf.rig import Rig
from izar_perf.suite import Context, SuiteFailed
from izar_perf.suites.forward import FORGERIES, LARGE_FRAME

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


def judged(rig: Rig, system: str = "izar") -> dict:
    """A trial of which every packet of every flow was looked at, and something came through."""
    trial = rig.ask(system=system, ms=50, opens_flows=True)
    assert trial["accounted"] and trial["wrong_packets"] == 0 and trial["received_packets"] > 1_000
    return trial


def test_a_trial_tells_what_the_machine_gave(context: Context):
    with Rig(context, role="relay") as rig:
        trial = judged(rig)
    assert 0.01 < trial["adds_per_cycle"] < 100, "one to eight a core's cycle, at any clock"
    assert 10 < trial["line_round_trip_cycles"]


def test_tables_of_a_full_fleet_are_built_beside_the_lcore(context: Context):
    with Rig(context, role="ingress", ports="net_pcap") as rig:
        trial = rig.ask(system="izar", ms=100, beside="builds")
        assert trial["accounted"] and trial["missing_packets"] == 0
        assert trial["tables_built"] > 1 and 0 < trial["building_s"] <= trial["measured_s"]
        assert rig.ask(system="izar", ms=20, beside="spins")["tables_built"] == 0
        with pytest.raises(SuiteFailed, match="use nothing, spins or builds"):
            rig.ask(system="izar", ms=20, beside="sings")


def test_a_generator_leaves_no_core_for_something_beside(context: Context):
    with Rig(context, role="ingress") as rig, pytest.raises(SuiteFailed, match="only ports of net_pcap"):
        rig.ask(system="izar", ms=20, beside="builds")


@pytest.mark.parametrize("security", ["none", "aes-gcm"])
def test_a_relay_of_many_links_sends_each_flow_by_its_own(context: Context, security: str):
    with Rig(context, role="relay", links=32, security=security) as rig:
        judged(rig)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_bad_packet_is_dropped_and_costs_less_than_a_good_one(context: Context, forgery: str):
    """The least of three trials each, which lie far apart: a relay opens and seals, a forgery is opened at most."""
    def trials(**options: str) -> list[dict]:
        with Rig(context, role="relay", security="aes-gcm", frame_bytes=LARGE_FRAME, **options) as rig:
            return [rig.ask(system="izar", ms=50) for _ in range(3)]

    good, bad = trials(), trials(forgery=forgery)
    for trial in bad:
        assert trial["accounted"] and trial["sent_packets"] > 1_000
        passed = trial["sent_packets"] - trial["lost_packets"]
        assert passed <= (forgery == "replay"), "replays are of one that was good"
        assert trial["received_packets"] == trial["made_packets"] + passed
    least = [min(trial["cycles_per_packet"] for trial in each) for each in (good, bad)]
    print(f"{forgery}: {least[1]:.0f} cycles, a good one {least[0]:.0f}")
    assert least[1] < least[0]


@pytest.mark.parametrize(("role", "security"), [("ingress", "none"), ("relay", "aes-gcm"), ("egress", "none"), ("direct", "none")])
def test_every_role_is_right_over_memif(context: Context, role: str, security: str):
    with Rig(context, ports="net_memif", role=role, security=security) as rig:
        judged(rig)
        null = rig.ask(system="null", ms=50, opens_flows=False)
        assert null["accounted"] and null["received_packets"] > 1_000


@pytest.mark.parametrize("role", ["ingress", "relay", "egress", "direct"])
@pytest.mark.parametrize("protocol", ["tcp", "tcp-timestamps"])
def test_every_role_is_right_about_tcp(context: Context, role: str, protocol: str):
    with Rig(context, role=role, protocol=protocol, frame_bytes=256) as rig:
        judged(rig)


@pytest.mark.parametrize("security", ["none", "aes-gcm"])
def test_two_copies_of_each_packet_go_out(context: Context, security: str):
    with Rig(context, role="ingress", security=security, frame_bytes=256, duplicate=True) as rig:
        trial = judged(rig)
    assert trial["made_packets"] == pytest.approx(trial["sent_packets"], abs=10), "keep-alives aside"
    assert trial["received_packets"] == trial["sent_packets"] + trial["made_packets"]


@pytest.mark.parametrize("security", ["none", "aes-gcm"])
def test_one_of_two_copies_reaches_the_origin(context: Context, security: str):
    flows = 1_000  # which the first packets open, one each
    with Rig(context, role="egress", security=security, frame_bytes=256, flows=flows, duplicate=True) as rig:
        trial = judged(rig)
    second_copies = (trial["sent_packets"] - flows) / 2
    assert trial["lost_packets"] == pytest.approx(second_copies, abs=32), "a burst of first copies may be the last"
    assert trial["received_packets"] == trial["sent_packets"] + trial["made_packets"] - trial["lost_packets"]


@pytest.mark.parametrize("role", ["ingress", "relay", "egress", "direct"])
def test_played_packets_are_all_sent_on(context: Context, role: str):
    with Rig(context, ports="net_pcap", role=role) as rig:
        trial = rig.ask(system="izar", ms=50)
        null = rig.ask(system="null", ms=50)
    assert trial["accounted"] and null["accounted"]
    assert trial["cycles_per_packet"] > null["cycles_per_packet"] > 0


def test_what_ports_cannot_do_is_a_sentence(context: Context):
    with Rig(context, ports="net_pcap", role="relay") as rig:
        for request in ({"open_flows": True}, {"system": "generator", "ms": 20}):
            with pytest.raises(SuiteFailed, match="net_pcap|no system 'generator' here"):
                rig.ask(**request)
    for options in ({"ports": "net_pcap", "security": "aes-gcm"}, {"role": "egress", "links": 2}, {"ports": "other"},
                    {"role": "relay", "protocol": "tcp"}, {"role": "relay", "duplicate": True},
                    {"ports": "net_pcap", "role": "egress", "duplicate": True}):
        with pytest.raises(SuiteFailed, match="forbid|more than one link|no ports 'other'|TCP needs|only an ingress"), Rig(context, **options) as rig:
            rig.ask(system="izar", ms=20)


def test_lcores_share_a_stream_and_hand_over_what_is_not_theirs(context: Context):
    def trial(*options: str) -> dict:
        command = [context.program("perf/forward/izar-perf-scale"), "--role", "egress", "--lcores", "2", "--runs", "1", *options]
        return json.loads(context.capture([*command, "--trial-ms", "100"]))["trials"][0]

    in_turn, by_owner = trial(), trial("--steers")
    for each in (in_turn, by_owner):
        assert each["accounted"] and each["mpps"] > 0 and len(each["lcore_cycles_per_packet"]) == 2
    assert in_turn["handed_over_percent"] == pytest.approx(50, abs=5)
    assert by_owner["handed_over_percent"] == 0


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
