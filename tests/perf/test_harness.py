"""The harness's own parts: a row without a key is refused, medians and spreads are what they say."""

import json
import os
import pathlib
import random
import subprocess
import sys
import time

import pytest
from izar_perf import captures, environment, l3fwd, ovs_dpdk, ovs_program, statistics, table
from izar_perf.cli import check_rows
from izar_perf.suite import Column, Context, SuiteFailed
from izar_perf.suites import forward, paths, proxy, scale


def test_row_without_a_key_is_refused():
    check_rows([{"a": 1, "b": None}], ("a", "b"))
    with pytest.raises(SuiteFailed, match="lacks \\['b'\\]"):
        check_rows([{"a": 1}], ("a", "b"))
    with pytest.raises(SuiteFailed, match="\\['c'\\] besides"):
        check_rows([{"a": 1, "c": 2}], ("a",))
    with pytest.raises(SuiteFailed, match="nothing"):
        check_rows([], ("a",))


def test_a_benchmark_that_takes_the_time_itself_is_read_so(tmp_path, monkeypatch):
    runs = [{"run_name": name, "cpu_time": 2_000.0, "real_time": 30.0, "time_unit": "us"} for name in ("plain", "own/manual_time")]
    context = Context(tmp_path, runs=1, quick=False, seed=1)
    monkeypatch.setattr(context, "program", lambda path: path)
    monkeypatch.setattr(context, "capture", lambda command: json.dumps({"benchmarks": runs}))
    assert [(row["what"], row["time_ms"]) for row in paths.benchmarks(context)] == [("plain", 2.0), ("own/manual_time", 0.03)]


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


def test_trials_on_part_of_a_core_are_told_apart():
    trials = [trial(adds_per_cycle=7.5, line_round_trip_cycles=700),
              trial(cycles_per_packet=150.0, adds_per_cycle=3.9, line_round_trip_cycles=800),
              trial(cycles_per_packet=160.0, adds_per_cycle=4.1, line_round_trip_cycles=900)]
    told = forward.conditions(trials)
    assert told == {"adds_per_cycle": 4.1, "line_round_trip_cycles": 800, "whole_core_runs": 1, "whole_core_cycles_per_packet": 100.0}
    assert set(forward.conditions([trial()]).values()) == {None}


def test_only_leaves_what_is_asked_for(tmp_path):
    context = Context(tmp_path, runs=1, quick=True, seed=1, only={"role": "relay", "frame_bytes": "imix"})
    chosen = context.chosen(forward.scenarios(quick=False))
    assert chosen and all(each["role"] == "relay" and each["frame_bytes"] == "imix" for each in chosen)
    context.only = {"role": "nothing"}
    with pytest.raises(SuiteFailed, match="keys are .*'flows'"):
        context.chosen(forward.scenarios(quick=False))


def test_a_peer_that_does_not_run_is_a_row_without_figures(tmp_path, monkeypatch, capsys):
    def refuse(*_: object) -> tuple[float, float]:
        raise SuiteFailed("no such program")

    monkeypatch.setattr(forward.testpmd, "measure", lambda *_: (5.0, 400.0))
    monkeypatch.setattr(forward.ovs_dpdk, "measure", refuse)
    rows = forward.measure_peers(Context(tmp_path, runs=2, quick=True, seed=1), forward.PEERS[:1] + forward.PEERS[-1:])
    assert [(each["cycles_per_packet"], each["runs"]) for each in rows] == [(5.0, 2), (None, 0)]
    assert all(set(each) == set(forward.KEYS) for each in rows)
    assert "ovs-dpdk egress over net_pcap: no such program" in capsys.readouterr().err


def test_own_cycles_of_a_request_are_those_of_its_packets():
    run = {key: 4.0 for key in proxy.FIGURES} | {"proxy_cpu_s_per_1000_requests": 0.010, "failed_requests": 0}
    rows = {system.name: proxy.row(system, [run], 150.0, 2.5e9) for system in proxy.SYSTEMS}
    assert rows["izar"]["own_cycles_per_request"] == 4 * 150
    assert rows["haproxy"]["own_cycles_per_request"] is None
    assert rows["haproxy"]["proxy_cycles_per_request"] == 25_000  # 10 us of 2.5 GHz
    assert all(set(each) == set(proxy.KEYS) for each in rows.values())


def test_steps_of_scaling_end_with_all_cores():
    steps = scale.scenarios(quick=False, cores=5)
    assert sorted({each["lcores"] for each in steps}) == [1, 2, 3, 4, 5]
    assert {each["arrival"] for each in steps if each["role"] == "relay"} == {"in_turn"}
    assert {each["lcores"] for each in scale.scenarios(quick=False, cores=32)} == {1, 2, 3, 4, 6, 8, 12, 16}


def test_frames_for_peers_are_what_another_implementation_reads(tmp_path):
    scapy = pytest.importorskip("scapy.all")
    file = tmp_path / "frames.pcap"
    captures.write(file, [captures.client_frame(700), captures.geneve_frame(700, ovs_dpdk.PEER, ovs_dpdk.OWN, ovs_dpdk.VNI)])
    client, tunnelled = scapy.rdpcap(str(file))
    assert len(client) == captures.FRAME_BYTES and len(tunnelled) == ovs_dpdk.TUNNEL_BYTES
    assert client.src == "02:00:00:00:00:02" and (client["IP"].src, client["UDP"].sport) == captures.client(700)
    assert tunnelled["IP"].dst == ovs_dpdk.OWN and tunnelled["UDP"].dport == 6081
    assert bytes(tunnelled["UDP"].payload)[8:] == captures.client_frame(700)
    for frame in (client, tunnelled):
        told = frame["IP"].chksum
        del frame["IP"].chksum
        assert scapy.IP(bytes(frame["IP"])).chksum == told


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a network namespace and DPDK's memory")
def test_ovs_forwards_in_both_roles_and_leaves_nothing(build):
    """measure() itself refuses a switch that does not track, translate and tunnel every flow."""
    context = Context(build, runs=1, quick=True, seed=1)
    for role in ovs_dpdk.ROLES:
        cycles, mpps = ovs_dpdk.measure(context, role, 0.3)
        assert cycles > 50 and 0.01 < mpps < 100
    assert not (build / "perf-ovs" / "run").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a network namespace and DPDK's memory")
def test_ovs_ends_when_the_harness_is_killed(build):
    program = ("import pathlib, sys, time; from izar_perf.suite import Context; from izar_perf.ovs_program import OvsProgram\n"
               "with OvsProgram(Context(pathlib.Path(sys.argv[1]), 1, True, 1)) as ovs:\n"
               "    print(*(each.pid for each in ovs._processes), flush=True); time.sleep(60)")
    path = str(pathlib.Path(ovs_program.__file__).parents[1])
    harness = subprocess.Popen([sys.executable, "-c", program, str(build)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})
    pids = [int(word) for word in harness.stdout.readline().split()]
    assert len(pids) == 2
    harness.kill()
    harness.wait()
    deadline = time.monotonic() + 30
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < deadline, "Open vSwitch outlived the harness"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Neither gone nor waiting for somebody to ask how it ended."""
    try:
        return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


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
