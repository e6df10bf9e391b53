"""test_lcores.py -- Two lcores: a flow belongs to one of them wherever its packets arrive, and goes over by ring."""

from pathlib import Path

import clients
import pytest
import topologies
from izar_lab import Lab
from observe import Account, nothing_dropped, wait_for_path, wait_until
from servers import DNS_ANSWER, DNS_NAME, Origin
from topologies import FAMILIES, RELAYED, url, vip

both_families = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(scope="module")
def lab(start_lab) -> Lab:
    lab = start_lab(topologies.three_nodes("e2elcores", edge={"lcores": 2}))
    wait_for_path(lab, RELAYED)
    return lab


@pytest.fixture(scope="module")
def origin(lab: Lab, start_origin) -> Origin:
    return start_origin(lab, "nginx", "dns", file_bytes=20 << 20)


@pytest.mark.asan
@both_families
def test_ping_and_dns(lab: Lab, origin: Origin, family: str) -> None:
    assert clients.ping(lab, vip(family), count=10) == 10
    for transport in ("+tcp", "+notcp"):
        assert clients.dig(lab, vip(family), DNS_NAME, "A", transport) == DNS_ANSWER["ipv4"]


@both_families
def test_download(lab: Lab, origin: Origin, family: str, tmp_path: Path) -> None:
    with Account(lab) as account:
        clients.curl(lab, "-o", str(tmp_path / "copy"), url(family, "file.bin"))
    assert clients.sha256(tmp_path / "copy") == clients.sha256(origin.folder / "root" / "file.bin")
    assert nothing_dropped(account), account.dropped


@both_families
def test_many_connections_use_both_lcores(lab: Lab, origin: Origin, family: str) -> None:
    before = handed(lab)
    with Account(lab) as account:
        done = clients.wrk(lab, url(family, "small"), connections=200, seconds=2)
    assert done["errors"] == 0, done["text"]
    assert nothing_dropped(account), account.dropped
    flows = lab.show("sin", "flows")["flows"]
    assert {flow["lcore"] for flow in flows} == {0, 1}
    after = handed(lab)
    assert all(after[node] > before[node] for node in ("ams", "sin"))


def handed(lab: Lab) -> dict[str, int]:
    """Packets that changed lcores, by node. What went out of one came into another, when nothing moves any more: lcores are
    counted one after the other."""

    def totals() -> dict[str, dict[str, int]]:
        return {node: lab.show(node, "fwd stats all")["totals"] for node in ("ams", "sin")}

    wait_until(lambda: all(each["handed_in"] == each["handed_out"] for each in totals().values()), "what went over has come")
    return {node: each["handed_out"] for node, each in totals().items()}
