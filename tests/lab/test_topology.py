"""Topology files: what they mean, and what is said about wrong ones."""

from pathlib import Path

import pytest
from izar_lab import edge_files
from izar_lab.errors import LabError
from izar_lab.links import parse_settings
from izar_lab.topology import Topology, load_topology, parse_topology


def test_document_reads_back_to_the_same_topology(topology: Topology) -> None:
    assert parse_topology(topology.document(), Path()) == topology


def test_pairs_serve_both_directions_unless_given_twice() -> None:
    nodes = [{"name": "a"}, {"name": "b"}]
    rtt = {"unit": "s", "pairs": [["a", "b", 0.1], ["b", "a", 0.3]]}
    topology = parse_topology({"name": "t", "nodes": nodes, "rtt": rtt}, Path())
    assert topology.one_way_ms("a", "b") == 50
    assert topology.one_way_ms("b", "a") == 150


def test_matrix_file_with_chosen_rows(tmp_path: Path) -> None:
    (tmp_path / "rtt.txt").write_text("0 1 2\n3 0 5\n6 7 0\n")
    (tmp_path / "lab.yaml").write_text(
        "name: t\nrtt: {unit: s, file: rtt.txt}\nnodes: [{name: a, row: 2}, {name: b, row: 0}]\n"
    )
    topology = load_topology(tmp_path / "lab.yaml")
    assert topology.rtt_ms == {("a", "b"): 6000.0, ("b", "a"): 2000.0}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "With Space"}, "name"),
        ({"nodes": [{"name": "wan"}, {"name": "b"}]}, "reserved"),
        ({"underlay": "ipx"}, "underlay"),
        ({"nodes": []}, "nodes"),
        ({"nodes": [{"name": "a"}, {"name": "a"}]}, "same name"),
        ({"rtt": {"unit": "ms", "pairs": []}}, "a-b"),
        ({"rtt": {"pairs": []}}, "unit"),
        ({"hosts": [{"name": "h", "node": "nowhere"}]}, "nowhere"),
        ({"hosts": [{"name": "a", "node": "a"}]}, "taken"),
        ({"link_defaults": {"latency": "1ms"}}, "latency"),
        ({"link_defaults": {"loss": "101%"}}, "101%"),
        ({"hots": []}, "hots"),
        ({"nodes": [{"name": "a", "lan": "c"}, {"name": "b"}]}, "LAN of 'c'"),
    ],
)
def test_wrong_topologies_are_refused_with_the_reason(change: dict, word: str) -> None:
    right = {"name": "t", "nodes": [{"name": "a"}, {"name": "b"}], "rtt": {"unit": "ms", "pairs": [["a", "b", 1]]}}
    parse_topology(right, Path())
    with pytest.raises(LabError, match=word):
        parse_topology(right | change, Path())


def test_link_settings_as_people_write_them() -> None:
    written = {"delay": "1.5s", "jitter": "500us", "loss": "2%", "reorder": "0.001", "rate": "100mbit", "up": False}
    assert parse_settings(written) == {
        "delay_ms": 1500.0,
        "jitter_ms": 0.5,
        "loss": 0.02,
        "reorder": 0.001,
        "rate_bps": 100e6,
        "up": False,
    }


def test_a_guest_shares_the_lan_and_its_numbering(topology: Topology) -> None:
    document = topology.document()
    document["nodes"].append({"name": "sin2", "lan": "sin"})
    document["hosts"].append({"name": "dns", "node": "sin2"})
    document["rtt"]["pairs"] += [[node, "sin2", 150] for node in ("ams", "par", "sin")]
    shared = parse_topology(document, Path())
    assert shared.lan_address("sin") == "10.3.0.1"
    assert shared.lan_address("sin2") == "10.3.0.2"
    assert shared.lan_address("sin2", "ipv6") == "fd00:3::2"
    assert shared.host_address("dns") == "10.3.0.11"
    assert shared.lans() == ["ams", "par", "sin"]


def test_edge_config_follows_the_address_plan(topology: Topology) -> None:
    topology.underlay = "ipv6"
    config = edge_files.edge_config(topology, topology.node("sin"), Path("/run/x/edge.sock"), Path("/run/x/secrets"))
    assert config["node"] == {"id": 3, "name": "sin"}
    assert config["ports"][0]["addresses"] == ["10.77.0.3/24", "fd77::3/64"]
    assert [node["address"] for node in config["nodes"]] == ["fd77::1", "fd77::2", "fd77::3"]
    assert config["services"][0]["origins"] == [{"port": 8080, "address": "10.3.0.10"}]
