"""The report page holds every figure, loads nothing, and refuses what is no result."""

import json
import re
import subprocess
import xml.etree.ElementTree as xml

import pytest
from izar_perf import figures
from izar_perf.cli import load_suites
from izar_perf.suites import forward, latency, micro, proxy, scale, sessions

TRIAL = {"accounted": True, "cycles_per_packet": 123.0, "mpps": 10.0}
BUCKETS = {"accounted": True, "latency_ns_buckets": [[1_000, 9_000], [50_000, 1_000]]}
OPENED = {"new_flows_per_s": 2e6, "cycles_per_flow": 900.0, "flows_held": 10, "flows_refused": 0, "bytes_per_flow": 82.0,
          "bytes_per_flow_ipv6": 146.0, "runs": 1, "spread_percent": 0.0}


WORDS = {"system": "izar", "kind": "one", "load": "none", "role": "relay", "security": "none", "process": "wan", "what": "all pairs",
         "kernel": None, "matrix": "seattle"}


def rows_of(suite: str) -> list[dict]:
    if suite == "forward":
        rates = {"ndr_mpps": 7.25, "pdr_mpps": None}
        scenarios = [forward.scenario("relay", flows, size) for flows in (1_000, 64_000) for size in (64, 1500, "imix")]
        peers = [forward.row(each["system"], each, [TRIAL]) for each in forward.PEERS]
        return peers + [forward.row("izar", each, [TRIAL], rates) for each in scenarios]
    if suite == "latency":
        scenario = {"role": "relay", "security": "none", "idle": "spin"}
        return [latency.row(system, scenario, 50, 4.0, [BUCKETS]) for system in latency.SYSTEMS]
    if suite == "proxy":
        run = {key: 7.0 for key in proxy.FIGURES} | {"proxy_cpu_s_per_gb": None, "failed_requests": 0}
        return [proxy.row(system, [run], 150.0, 2.5e9) for system in proxy.SYSTEMS]
    if suite == "sessions":
        return [{"role": "egress", "flows": 64_000} | OPENED]
    if suite == "scale":
        trial = TRIAL | {"handed_over_percent": 50.0, "lcore_cycles_per_packet": [123.0], "mpps": 7.0}
        result = {"trials": [trial]}
        return [scale.row(each, result) | {"speedup": 1.0} for each in scale.scenarios(quick=False, cores=2)]
    if suite in ("reconf", "diff", "failover", "alarms", "links", "lab-idle", "paths", "summary", "control", "wan"):
        return [{key: 7 for key in load_suites()[suite].KEYS} | WORDS]
    return micro.rows_of("pipeline/relay/burst:32/cold:0/sealed:0/x", [{stage: 7.0 for stage in micro.STAGES}])


def write(tmp_path, suite: str) -> str:
    env = {"date": "2026-01-01", "versions": {"izar": "x", "dpdk": "y"}, "cpus": 2, "cpu": "<model>", "kernel": "k",
           "steal_percent": 0.0, "load_1min": 0.0, "hugepages_mib": 0, "quick": True}
    file = tmp_path / f"{suite}.json"
    file.write_text(json.dumps({"suite": suite, "system": "izar", "env": env, "rows": rows_of(suite)}))
    return str(file)


def report(root, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(root / "perf" / "report"), *arguments], capture_output=True, text=True, check=False)


def test_one_page_with_all_plots_that_loads_nothing(root, tmp_path):
    page = tmp_path / "page.html"
    result = report(root, *(write(tmp_path, suite) for suite in figures.FIGURES), "--output", str(page))
    assert result.returncode == 0, result.stderr
    text = page.read_text()
    for suite in figures.FIGURES:
        assert f'id="{suite}"' in text
    assert text.count("<svg") >= len(figures.FIGURES)
    # Other addresses than a place on the page itself would be loaded from somewhere.
    targets = re.findall(r'(?:src|href|url)\s*[=(]\s*"?([^")\s>]+)', text)
    assert targets and all(target.startswith("#") for target in targets), targets
    assert "<script" not in text and "@import" not in text
    assert "&lt;model&gt;" in text
    assert "A quick run" in text


def test_results_of_one_suite_are_one_section(root, tmp_path):
    page = tmp_path / "page.html"
    file = write(tmp_path, "scale")
    assert report(root, file, file, "--output", str(page)).returncode == 0
    assert page.read_text().count('<section id="scale"') == 1 and f"{2 * len(rows_of('scale'))} rows" in page.read_text()


def test_every_suite_has_plots():
    assert set(figures.FIGURES) == set(load_suites())


@pytest.mark.parametrize("suite", figures.FIGURES)
def test_plots_are_well_formed_and_say_their_figures(suite: str):
    plots = figures.of(suite, rows_of(suite))
    assert plots
    for plot in plots:
        xml.fromstring(plot)
    if suite == "forward":
        assert any("7.25" in plot and "not measured" in plot for plot in plots)


def test_what_is_no_result_is_refused_by_name(root, tmp_path):
    file = tmp_path / "other.json"
    file.write_text("[]")
    result = report(root, str(file), "--output", str(tmp_path / "page.html"))
    assert result.returncode == 1 and "other.json" in result.stderr and "Traceback" not in result.stderr
