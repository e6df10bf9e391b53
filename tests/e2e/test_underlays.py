"""test_underlays.py -- Services of both families over overlays of both families: files, datagrams, pings."""

from pathlib import Path

import clients
import pytest
import topologies
from izar_lab import Lab
from izar_lab.probe_stream import ProbeStream
from observe import Account, nothing_dropped, wait_for_path
from servers import DNS_ANSWER, DNS_NAME, Origin
from topologies import FAMILIES, RELAYED, url, vip

FILE_BYTES = 20 << 20
PROBES = 500

both_families = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(scope="module", params=FAMILIES, ids=[f"underlay-{family}" for family in FAMILIES])
def lab(request, start_lab) -> Lab:
    lab = start_lab(topologies.three_nodes(f"e2eunder{request.param[-1]}", underlay=request.param))
    wait_for_path(lab, RELAYED)
    return lab


@pytest.fixture(scope="module")
def origin(lab: Lab, start_origin) -> Origin:
    return start_origin(lab, "nginx", "dns", "probe_echo", file_bytes=FILE_BYTES)


@both_families
def test_download(lab: Lab, origin: Origin, family: str, tmp_path: Path) -> None:
    with Account(lab):
        clients.curl(lab, "-o", str(tmp_path / "copy"), url(family, "file.bin"))
    assert clients.sha256(tmp_path / "copy") == clients.sha256(origin.folder / "root" / "file.bin")


@both_families
def test_upload(lab: Lab, origin: Origin, family: str) -> None:
    sent = origin.folder / "root" / "file.bin"
    received = origin.folder / "root" / "upload" / f"{family}.bin"
    with Account(lab):
        clients.curl(lab, "-T", str(sent), url(family, f"upload/{family}.bin"))
    assert clients.sha256(received) == clients.sha256(sent)


@both_families
def test_datagrams(lab: Lab, origin: Origin, family: str) -> None:
    with Account(lab) as account:
        with ProbeStream(lab, vip(family)) as stream:
            stream.wait_for_replies(20)
        assert clients.dig(lab, vip(family), DNS_NAME, "A", "+notcp") == DNS_ANSWER["ipv4"]
    assert stream.report["sent"] >= PROBES
    assert stream.report["lost"] == 0, account.dropped
    assert nothing_dropped(account), account.dropped


@pytest.mark.asan
@both_families
@pytest.mark.parametrize("size", [56, 1300])
def test_ping(lab: Lab, family: str, size: int) -> None:
    with Account(lab) as account:
        assert clients.ping(lab, vip(family), "-s", str(size), count=10) == 10
    assert nothing_dropped(account), account.dropped
