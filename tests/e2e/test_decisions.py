"""test_decisions.py -- Three nodes under changing delay: events rewrite the table, and each decision can be explained,
at once by `izar path explain` and later from the node's recorded trace by `izar-replay`."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import topologies
from izar_lab import Lab, edge_control, edge_files
from observe import wait_for_links, wait_for_path, wait_until
from topologies import RELAYED

DIRECT = ["sin"]


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trace") / "ams.trace"


@pytest.fixture(scope="module")
def lab(start_lab, trace: Path) -> Iterator[Lab]:
    """ams records what its scheduler thread is told."""
    lab = start_lab(topologies.three_nodes("e2edecide"))
    lab.kill("ams")
    config = lab.folder / "ams" / "edge.yaml"
    argv = edge_files.edge_command(lab.build, lab.name, lab.topology.node("ams"), config, lab.topology)
    lab.start("ams", "ams", [*argv, "--trace", str(trace)])
    wait_until(lambda: edge_control.answers(lab.folder / "ams" / "edge.sock"), "ams answers")
    wait_for_links(lab)
    wait_for_path(lab, RELAYED)
    yield lab


def explained(lab: Lab) -> dict[str, dict]:
    """What `izar path explain ams sin` says, by the names of a candidate's nodes after ams."""
    argv = [str(edge_files.find_program(lab.build, "izar")), "path", "explain", "ams", "sin", "-o", "json",
            "--socket", str(lab.folder / "ams" / "edge.sock")]
    told = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout)
    return {" ".join(link["to"] for link in row["links"]): row for row in told["candidates"]}


def test_explain_tells_the_terms_of_every_candidate(lab: Lab) -> None:
    candidates = explained(lab)
    assert set(candidates) == {"fra sin", "sin"}
    assert candidates["fra sin"]["in_use"] and candidates["sin"]["is_backup"]
    for row, rtt_ms in ((candidates["fra sin"], 8), (candidates["sin"], 40)):
        links = row["links"]
        assert all(link["state"] == "up" and link["delay_ms"] > 0 and link["hold_ms"] == 0 for link in links), row
        assert rtt_ms <= sum(link["delay_ms"] for link in links) < rtt_ms + 25, row
        terms = sum(link[term] for link in links for term in ("delay_ms", "loss_ms", "load_ms", "hold_ms"))
        assert row["cost_ms"] == pytest.approx(terms, abs=2), row


def test_changing_delay_rewrites_the_table(lab: Lab) -> None:
    for _ in range(2):
        lab.set_link("ams", "fra", delay_ms=102)
        wait_for_path(lab, DIRECT)
        candidates = explained(lab)
        assert candidates["sin"]["in_use"] and not candidates["fra sin"]["in_use"]
        assert candidates["fra sin"]["cost_ms"] > candidates["sin"]["cost_ms"] + 5
        lab.set_link("ams", "fra", delay_ms=2)
        wait_for_path(lab, RELAYED)
    lab.cut("ams", "fra")
    wait_for_path(lab, DIRECT)
    assert explained(lab)["fra sin"]["cost_ms"] is None, "a path over a dead link has no cost"


def test_the_trace_tells_the_same_decisions_and_why(lab: Lab, trace: Path) -> None:
    """The last test here: it ends ams, which writes the rest of its trace."""
    lab.kill("ams")
    argv = [str(edge_files.find_program(lab.build, "izar-replay")), "--trace", str(trace)]
    told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout
    decisions = re.findall(r"^[\d.]+ s  sin, policy default: (.+), was (.+): (.+)$", told, re.MULTILINE)
    paths = [path for path, _, _ in decisions]
    expected = ["fra > sin", "sin"] * 3
    assert paths[-len(expected):] == expected, told
    reasons = {why for path, was, why in decisions[-len(expected) + 1:]}
    assert all(reasons), told
    assert re.search(r"^ +fra > sin +[\d.]+ ms +in use +fra [\d.]+\+", told, re.MULTILINE), told
