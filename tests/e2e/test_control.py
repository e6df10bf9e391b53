"""test_control.py -- Everything comes from a controller: nodes that join, services, measurements; and its absence."""

import itertools
import json
import os
import pty
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clients
import pytest
import topologies
import yaml
from izar_lab import Lab, edge_files
from izar_lab.control_plane import ControlPlane
from izar_lab.probe_stream import ProbeStream
from observe import Account, drop_counts, hang_up, nothing_dropped, path, wait_for_links, wait_for_path, wait_until
from servers import FILE_BYTES, Origin
from topologies import RELAYED, url, vip

NODES = ("ams", "fra", "sin")
LEASE_S = 6.0  # of a group's master
SOON_S = 1.0  # for what an operator changes to be in force, the operator's command included
SILENCE_S = 6.0  # of a node, until it is withdrawn: 2 s without a heartbeat, 3 s after that was told
JUMPS = "sin"  # the node whose wall clock does: it holds the sessions of all connections
HOUR_S = 3600
TEN_YEARS_S = 10 * 365 * 24 * HOUR_S


@pytest.fixture(scope="module")
def lab(start_lab: Callable[[dict[str, Any]], Lab]) -> Lab:
    # With TAPs, so that agents' probes have a way to other nodes.
    document = topologies.three_nodes("e2ectrl", edge={"stamp": {"nodes": True}})
    nodes = [{"name": name, "own_clock": name == JUMPS} for name in NODES]
    lab = start_lab(document | {"nodes": nodes, "controllers": 1, "services": [], "exception_taps": True})
    origin = lab.topology.host_address("origin")
    for name, protocol, ports, where in (("web", "tcp", "80", f"{origin}:8080"), ("probe", "udp", "7000", origin)):
        lab.control_plane.izar("service", "add", name, "--vip", vip("ipv4"), "--protocol", protocol, "--ports", ports,
                               "--origin", where, "--egress", "sin")
    for node in NODES:
        wait_until(lambda node=node: len(lab.show(node, "services")["services"]) == 2, f"{node} has the services")
    wait_for_links(lab)
    wait_for_path(lab, RELAYED)
    return lab


@pytest.fixture(scope="module")
def origin(lab: Lab, plane: ControlPlane, start_origin) -> Origin:
    return start_origin(lab, "nginx", "probe_echo", file_bytes=FILE_BYTES)


def test_traffic_flows_over_a_relay_that_no_file_names(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    assert clients.curl(lab, url("ipv4", "name")) == "origin"
    assert {row["name"] for row in plane.listed("nodes") if row["agent_connected"]} == set(NODES)
    wait_until(lambda: len(plane.listed("links")) == 6, "the controller knows every link")


def test_death_of_controller_and_agents_changes_nothing(
    lab: Lab, plane: ControlPlane, origin: Origin, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    with ProbeStream(lab, vip("ipv4")) as stream:
        curl = clients.start_curl(lab, "-o", str(copy), url("ipv4", "file.bin"))
        wait_until(lambda: copy.exists() and copy.stat().st_size > FILE_BYTES * 0.05, "download proceeds")
        assert plane.kill() == 1 + len(NODES)
        stream.wait_for_replies(5)
        _, errors = curl.communicate(timeout=120)
    assert curl.returncode == 0, errors
    assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "file.bin")
    assert stream.report["lost"] == 0
    for name in plane.programs():
        plane.start_program(name)
    wait_until(lambda: plane.connected_agents() == len(NODES), "all agents are back")


def test_a_link_is_left_while_the_control_plane_stands_still(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """All of it frozen, and then killed as it stands."""
    frozen = [process for name in plane.programs() if (process := lab.process(name)) is not None]
    with ProbeStream(lab, vip("ipv4")) as stream:
        for process in frozen:
            os.kill(process.pid, signal.SIGSTOP)
        lab.cut("ams", "fra")
        wait_for_path(lab, ["sin"])
        stream.wait_for_replies(5)
        assert plane.kill() == len(frozen) == 1 + len(NODES)
        stream.wait_for_replies(5)
    assert 0 < stream.report["lost"] < 1000
    lab.heal("ams", "fra")
    for name in plane.programs():
        plane.start_program(name)
    wait_until(lambda: plane.connected_agents() == len(NODES), "all agents are back")
    wait_for_path(lab, RELAYED)


def test_a_wall_clock_that_jumps_moves_nothing(lab: Lab, plane: ControlPlane, origin: Origin, tmp_path: Path) -> None:
    """Of one node, back and forth, under load. Certificates are the one thing that it counts for: ten years ahead the agent keeps
    its connection; the next one is refused by itself, with a sentence, until the clock is right again; forwarding does not care."""
    agent = f"agent-{JUMPS}"
    for name in (JUMPS, agent):
        assert "libfaketime" in Path(f"/proc/{lab.process(name).pid}/maps").read_text(), f"{name} has no clock of its own"
    before = links(lab)
    copy = tmp_path / "copy"
    with Account(lab) as account, ProbeStream(lab, vip("ipv4")) as stream:
        curl = clients.start_curl(lab, "--limit-rate", "30M", "-o", str(copy), url("ipv4", "file.bin"))
        wait_until(lambda: copy.exists() and copy.stat().st_size > 0, "the download proceeds")
        for ahead_s in (HOUR_S, -HOUR_S, TEN_YEARS_S):
            lab.set_clock_ahead(JUMPS, ahead_s)
            stream.wait_for_replies(5)
        assert curl.poll() is None, "the download was over before the clock had jumped: make it slower"
        assert plane.connected_agents() == len(NODES)
        lab.restart(agent)
        wait_until(lambda: "certificate has expired; is this machine's clock right?" in lab.log(agent).read_text(), "it is told why")
        _, errors = curl.communicate(timeout=120)
        wait_until(lambda: plane.connected_agents() == len(NODES) - 1, "the controller knows one agent less")
        lab.set_clock_ahead(JUMPS, 0)
        wait_until(lambda: plane.connected_agents() == len(NODES), "the agent is back")
    assert curl.returncode == 0, errors
    assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "file.bin")
    assert stream.report["lost"] == 0, account.dropped
    assert nothing_dropped(account), account.dropped
    after = links(lab)
    for ends, link in after.items():
        true_ms = 40 if set(ends) == {"ams", "sin"} else 4
        assert link["state"] == "up" and link["changes"] == before[ends]["changes"], link
        assert true_ms / 2 < link["rtt_min_ms"] < true_ms + 40, f"an RTT moved with the clock: {link}"


def links(lab: Lab) -> dict[tuple[str, str], dict[str, Any]]:
    """As the nodes at their beginnings measure them, by both ends."""
    return {(node, row["peer"]): row for node in NODES for row in lab.show(node, "links")["links"]}


def test_service_and_domain_reach_clients(
    lab: Lab, plane: ControlPlane, origin: Origin, start_origin, tmp_path: Path
) -> None:
    start_origin(lab, "nginx", host="origin2")
    addresses = {name: lab.topology.host_address(name) for name in ("origin", "origin2")}

    def reaches(host: str, number: int = topologies.WEB) -> bool:
        options = ["-sf", "--max-time", "0.2", url("ipv4", "name", number)]
        return lab.run("client", ["curl", *options], check=False).stdout == host

    def soon(host: str, number: int, *words: str) -> None:
        begun = time.monotonic()
        plane.izar(*words)
        wait_until(lambda: reaches(host, number), f"{words} takes effect", SOON_S - (time.monotonic() - begun))
        print(f"{words[:2]} reached a client after {time.monotonic() - begun:.2f} s")

    copy = tmp_path / "copy"
    with ProbeStream(lab, vip("ipv4")) as stream:
        curl = clients.start_curl(lab, "--limit-rate", "8M", "-o", str(copy), url("ipv4", "file.bin"))
        wait_until(lambda: copy.exists() and copy.stat().st_size > 0, "the download proceeds")
        soon("origin2", topologies.WEB, "domain", "set", "example.com", addresses["origin2"], "--service", "web")
        soon("origin", topologies.WEB, "domain", "rm", "example.com")
        soon("origin2", topologies.WEIGHTED, "service", "add", "second", "--vip",
                        vip("ipv4", topologies.WEIGHTED), "--protocol", "tcp", "--ports", "80", "--origin",
                        f"{addresses['origin2']}:8080")
        assert curl.poll() is None, "the download was over before all had changed: make it slower"
        _, errors = curl.communicate(timeout=120)
    assert curl.returncode == 0, errors
    assert clients.sha256(copy) == clients.sha256(origin.folder / "root" / "file.bin")
    assert stream.report["lost"] == 0
    plane.izar("service", "rm", "second")


def test_history_tells_series_and_trend_of_links_and_nodes(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    def told(*words: str) -> dict[str, Any]:
        return json.loads(plane.izar("history", *words, "-o", "json"))

    wait_until(lambda: told("ams", "fra")["points"] and told("fra")["points"], "two rounds are recorded")
    link = told("ams", "fra")
    assert link["metric"] == "rtt_ms"
    assert 4 <= link["points"][0]["mean"] < 20
    assert told("ams", "fra", "--metric", "loss_ratio")["points"][0]["least"] >= 0
    assert 0 <= told("fra")["points"][0]["mean"] <= 100
    for subject in (["ams", "fra"], ["ams"]):
        carried = told(*subject, "--metric", "bandwidth_bps")["points"]
        assert carried and carried[0]["greatest"] > 10e3, "keep-alives alone are more"
    assert "mean" in plane.izar("history", "ams", "fra", "--last", "1h")


def test_legs_outside_the_overlay_are_in_the_history(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """Of ams to its client and of sin to its origin, as their TCP connections show them."""
    def legs(node: str, metric: str) -> list[dict[str, Any]]:
        return json.loads(plane.izar("history", node, "--metric", metric, "-o", "json"))["points"]

    assert clients.curl(lab, url("ipv4", "name")) == "origin"
    wait_until(lambda: legs("ams", "client_rtt_ms") and legs("sin", "origin_rtt_ms"), "a round is recorded")
    assert 0 < legs("ams", "client_rtt_ms")[-1]["least"] and 0 < legs("sin", "origin_rtt_ms")[-1]["least"]
    assert legs("fra", "client_rtt_ms") == [], "it has no client"


@pytest.mark.long
def test_drained_node_tells_when_it_is_empty(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """ams holds the flow of a download; fra, its relay, holds none."""
    def row(name: str) -> dict[str, Any]:
        return next(row for row in plane.listed("nodes") if row["name"] == name)

    curl = clients.start_curl(lab, "--limit-rate", "1M", "-o", "/dev/null", url("ipv4", "file.bin"))
    try:
        plane.izar("node", "drain", "ams")
        wait_until(lambda: (row("ams")["flows"] or 0) >= 1, "the agent tells of the download")
        assert plane.izar("node", "drain", "fra", "--wait") == "node fra is empty\n"
        assert row("fra")["flows"] == 0 and row("fra")["empty"]
        assert curl.poll() is None and not row("ams")["empty"]
    finally:
        curl.terminate()
        curl.wait()
        for name in ("ams", "fra"):
            plane.izar("node", "undrain", name)


@pytest.mark.long
def test_a_masters_death_gives_the_group_another(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    def group() -> dict[str, Any]:
        return group_of(plane)

    wait_until(lambda: group()["master"] is not None, "a master is elected", 2 * LEASE_S)
    wait_until(lambda: group()["probes_answered"] + group()["probes_lost"] > 0, "it assigns probes", 30)
    former = group()
    print(former)
    lab.kill(f"agent-{former['master']}", signal.SIGKILL)
    try:
        wait_until(lambda: group()["master"] not in (None, former["master"]), "another one leads", 3 * LEASE_S)
        assert group()["epoch"] > former["epoch"]
        assert former["master"] not in plane.izar("groups").split()
    finally:
        plane.start_program(f"agent-{former['master']}")
        wait_until(lambda: plane.connected_agents() == len(NODES), "all agents are back")


@pytest.mark.long
def test_a_node_whose_edge_dies_is_out_of_use_though_its_agent_lives(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    def row(name: str) -> dict[str, Any]:
        return next(row for row in plane.listed("nodes") if row["name"] == name)

    def own_links(node: int) -> list[dict[str, Any]]:
        return [link for link in plane.listed("links") if link["from"] == node]

    def withdrawals(name: str) -> int:
        return sum(f"node {row(name)['id']} is withdrawn" in event["text"] for event in plane.listed("events"))

    wait_until(lambda: group_of(plane)["master"] is not None, "a master is elected", 2 * LEASE_S)
    wait_until(lambda: all(row(name)["edge_runs"] and len(own_links(row(name)["id"])) == 2 for name in NODES), "all edges are told of")
    lab.restart("fra")
    time.sleep(SILENCE_S)  # what a withdrawal takes: there is none to wait for
    assert withdrawals("fra") == 0, "a restart is no death"
    wait_until(lambda: row("fra")["edge_runs"] and group_of(plane)["master"] is not None, "fra is as before", 2 * LEASE_S)
    dead = group_of(plane)["master"]
    lab.kill(dead, signal.SIGKILL)
    try:
        took = wait_until(lambda: row(dead)["withdrawn"], f"{dead} is withdrawn", 2 * SILENCE_S)
        print(f"{dead} is withdrawn after {took:.1f} s")
        assert row(dead)["agent_connected"] and row(dead)["edge_runs"] is False
        assert json.loads(plane.izar("status", "-o", "json"))["nodes_withdrawn"] == 1
        assert own_links(row(dead)["id"]) == [], "what it measured is not known any more"
        to_dead = [link for link in plane.listed("links") if link["to"] == row(dead)["id"]]
        assert {link["state"] for link in to_dead} == {"down"}, to_dead
        assert group_of(plane)["shares"][dead] == 0, "/resolve sends no client there"
        wait_until(lambda: group_of(plane)["master"] not in (None, dead), "another one leads", 3 * LEASE_S)
        plane.izar("node", "drain", dead)
        assert plane.izar("node", "drain", dead, "--wait") == f"node {dead} is empty\n"
        plane.izar("node", "undrain", dead)
        lab.kill(f"agent-{dead}", signal.SIGKILL)
        plane.start_program(f"agent-{dead}")
        wait_until(lambda: row(dead)["agent_connected"] and row(dead)["edge_runs"] is False, "its agent is back, alone", SILENCE_S)
        assert row(dead)["withdrawn"]
        assert not any(f"node {row(dead)['id']} is in use again" in event["text"] for event in plane.listed("events"))
    finally:
        lab.restart(dead)
    wait_until(lambda: not row(dead)["withdrawn"] and row(dead)["edge_runs"], f"{dead} is back")
    wait_until(lambda: len(plane.listed("links")) == 6, "and tells its links")
    wait_for_links(lab)
    wait_for_path(lab, RELAYED)


def group_of(plane: ControlPlane) -> dict[str, Any]:
    """The only one."""
    rows = plane.listed("groups")
    assert len(rows) == 1 and rows[0]["members"] == len(NODES)
    return rows[0]


def test_agents_probe_nodes_and_origins_and_the_master_sets_shares(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """Over the WAN, past the overlay: by the kernels of both nodes."""
    wait_until(lambda: group_of(plane)["probes_answered"] >= 1, "a round of probes", 10 * LEASE_S)
    before = group_of(plane)
    each_target_once = before["probes_answered"] + len(NODES) + 1
    wait_until(lambda: group_of(plane)["probes_answered"] >= each_target_once, "the next round", 10 * LEASE_S)
    after = group_of(plane)
    assert after["probes_lost"] == before["probes_lost"], f"{before}, then {after}"
    wait_until(lambda: group_of(plane)["shares_epoch"] == group_of(plane)["epoch"], "the master set the shares")
    assert set(after["shares"]) == set(NODES) and abs(sum(after["shares"].values()) - 1) < 0.004


def test_nodes_probe_each_other_by_stamp_as_their_master_assigns(lab: Lab, plane: ControlPlane) -> None:
    """All are one group, so each probes both others: by their izar-edges, past the overlay."""
    def series(way: tuple[str, str]) -> list[dict[str, Any]]:
        return json.loads(plane.izar("history", *way, "--metric", "stamp_rtt_ms", "-o", "json"))["points"]

    ways = list(itertools.permutations(NODES, 2))
    wait_until(lambda: all(series(way) for way in ways), "every node has probed every other", 10 * LEASE_S)
    for way in ways:
        direct_ms = 40 if set(way) == {"ams", "sin"} else 4
        assert series(way)[0]["least"] >= direct_ms, f"{way} by no relay"
    asked = json.loads(lab.command("ams", "show probes json"))["probes"]
    assert {row["asked_by"] for row in asked} == {"agent"}, asked


def test_events_are_told_as_they_happen(lab: Lab, plane: ControlPlane) -> None:
    assert "agent" in {row["kind"] for row in plane.listed("events")}
    argv = [str(edge_files.find_program(lab.build, "izar")), "events", "--follow", "--socket", str(plane.socket_of("controller"))]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as follower:
        try:
            assert follower.stdout is not None
            assert any("is here" in follower.stdout.readline() for _ in plane.listed("events")), "what was before"
            plane.izar("node", "drain", "fra")
            plane.izar("node", "undrain", "fra")
            lines = (line for line in follower.stdout)
            assert any("node drain fra" in line for line in lines), "and what happens now"
        finally:
            follower.terminate()


def test_an_agent_answers_operators_of_its_node(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    socket = lab.folder / "ams" / "agent.sock"
    argv = [str(edge_files.find_program(lab.build, "izar"))]

    def told(*words: str) -> str:
        return subprocess.run([*argv, *words, "--socket", str(socket)], capture_output=True, text=True, check=True).stdout

    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    status = json.loads(told("status", "-o", "json"))
    assert status["name"] == "ams" and status["edge_runs"] and status["controller"] == f"{plane.addresses()[0]}:7443"
    assert (status["links_up"], status["links_down"], status["services"]) == (2, 0, 2)
    links = json.loads(told("links", "-o", "json"))["links"]
    assert len([row for row in links if row["from"] == status["node"] and row["rtt_ms"] > 0]) == 2
    assert all(name in told("nodes") for name in NODES) and "web" in told("services")
    heat = told("links", "--heat")
    assert "RTT in ms" in heat and "\x1b" not in heat, "no colours into a pipe"
    assert "\x1b[30;48;5;" in on_a_terminal([*argv, "links", "--heat", "--socket", str(plane.socket_of("controller"))])


def test_what_came_of_sighup_is_told_by_izar_edge_and_its_agent(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """A good file, a broken one and the good one again: the one in force stays, nothing is lost, and links keep the
    controller's secrets."""
    file, socket = lab.folder / "ams" / "edge.yaml", lab.folder / "ams" / "agent.sock"
    good = file.read_text()
    izar = [str(edge_files.find_program(lab.build, "izar")), "config", "--socket", str(socket)]

    def of_agent() -> dict[str, Any]:
        done = subprocess.run([*izar, "-o", "json"], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["edge"]

    def told() -> dict[str, Any]:
        state = lab.show("ams", "config state")
        wait_until(lambda: of_agent() == {key: state[key] for key in of_agent()}, "the agent tells the same")
        return state

    before = told()
    assert (before["generation"], before["problem"], before["needs_restart"]) == (1, None, [])
    assert before["read_again_s"] is None
    kept = "link secrets stay those that the controller told"
    with ProbeStream(lab, vip("ipv4")) as stream:
        hang_up(lab, "ams", kept)
        state = told()
        assert (state["generation"], state["problem"], state["needs_restart"]) == (2, None, [])
        assert abs(state["read_again_s"] - time.time()) < 60
        file.write_text(good.replace("name: ams", "nmae: ams", 1))
        hang_up(lab, "ams", "SIGHUP changes nothing")
        state = told()
        assert state["generation"] == 2 and "'nmae'" in state["problem"] and str(file) in state["problem"]
        assert "SIGHUP came last at" in lab.command("ams", "show config state")
        assert "edge.problem" in subprocess.run(izar, capture_output=True, text=True, check=True).stdout
        file.write_text(good + "lcores: 2\n" if "lcores:" not in good else good.replace("lcores: 1", "lcores: 2"))
        hang_up(lab, "ams", "only after a restart: lcores")
        wait_until(lambda: told()["generation"] == 3, "it is read")
        assert told()["needs_restart"] == ["lcores"]
        file.write_text(good)
        hang_up(lab, "ams", kept)
        wait_until(lambda: told()["needs_restart"] == [], "as it was")
        stream.wait_for_replies(20)
    assert stream.report["lost"] == 0
    assert all(row["state"] == "up" and row["key_epoch"] is not None for row in lab.show("ams", "links")["links"])


def on_a_terminal(argv: list[str]) -> str:
    """What a program prints there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(argv, stdout=theirs) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # EIO: its end is closed
                break
            if not part:
                break
            said += part
    os.close(ours)
    assert process.returncode == 0
    return said.decode()


def test_https_api_answers_curl_and_the_operator(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    def curl(path: str, *options: str) -> subprocess.CompletedProcess[str]:
        where = ["--cacert", str(plane.folder / "authority.crt"), "--resolve", f"izar-controller:7444:{plane.addresses()[0]}"]
        argv = ["curl", "-sS", *where, "-w", "\n%{http_code} %{redirect_url}", *options]
        return lab.run("ams", [*argv, f"https://izar-controller:7444{path}"])

    plane.izar("domain", "set", "example.com", lab.topology.host_address("origin"), "--service", "web")
    try:
        body, status = curl("/resolve/example.com?region=lab&client=192.0.2.7").stdout.splitlines()
        assert status.split() == ["200"]
        told = json.loads(body)
        assert told["vip"] == vip("ipv4")
        assert sorted(row["node"] for row in told["ingresses"]) == sorted(NODES)
        assert sum(row["weight"] for row in told["ingresses"]) in range(997, 1003)
        first = told["ingresses"][0]["address"]
        led = curl("/resolve/example.com?region=lab&client=192.0.2.7&redirect=1").stdout.splitlines()[-1]
        assert led == f"302 http://{first}:80/"
    finally:
        plane.izar("domain", "rm", "example.com")
    assert curl("/v1/nodes").stdout.splitlines()[-1].startswith("401")
    token = (plane.folder / "api.token").read_text().strip()
    nodes = curl("/v1/nodes", "-H", f"Authorization: Bearer {token}").stdout.splitlines()
    assert {row["name"] for row in json.loads(nodes[0])["nodes"]} == set(NODES)
    program = str(edge_files.find_program(lab.build, "izar"))
    by_api = ["--api", f"{plane.addresses()[0]}:7444", "--token-file", str(plane.folder / "api.token"),
              "--authority", str(plane.folder / "authority.crt")]
    assert lab.run("ams", [program, "services", *by_api]).stdout == plane.izar("services")
    refused = lab.run("ams", [program, "node", "drain", "nobody", *by_api], check=False)
    assert refused.returncode == 1 and "no such node" in refused.stderr


def test_routing_policy_of_the_controller_is_every_nodes(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """The controller takes the file up at its start; which node relays for a service then changes without a loss. Caps on
    a relay's CPU and the rule lyapunov go by loads that the controller's summaries tell."""
    def paths() -> dict[str, list[str]]:
        return {row["policy"]: row["segments"] for row in lab.show("ams", "paths")["paths"] if row["destination"] == "sin"}

    (plane.folder / "routing-policy.yaml").write_text(
        "policies:\n  - {name: fast}\n  - {name: not-fra, forbidden: {nodes: [fra]}, services: [web]}\n"
        "  - {name: calm, relays: {max_cpu_percent: 0.5}, services: [probe]}\n  - {name: balanced, rule: lyapunov}\n")
    with ProbeStream(lab, vip("ipv4")) as stream:
        lab.restart("controller")
        wait_until(lambda: paths() == {"fast": RELAYED, "not-fra": ["sin"], "calm": ["sin"], "balanced": RELAYED},
                   "ams follows the policies, by loads that it was told")
        stream.wait_for_replies(5)
    assert stream.report["lost"] == 0
    explained = json.loads(lab.command("ams", "explain path ams sin policy balanced json"))
    assert explained["rule"] == "lyapunov"
    assert all(link["hold_ms"] == 0 for row in explained["candidates"] for link in row["links"]), "each load is known"
    wait_until(lambda: {row["name"]: row["policy"] for row in lab.show("ams", "services")["services"]}["web"] == "not-fra",
               "ams says so")
    assert clients.curl(lab, url("ipv4", "name")) == "origin"


def test_routing_policy_is_read_again_at_sighup(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """Of the controller that the test before gave a file. What is wrong with the next one is told, and changes nothing."""
    def paths() -> dict[str, list[str]]:
        return {row["policy"]: row["segments"] for row in lab.show("ams", "paths")["paths"] if row["destination"] == "sin"}

    file = plane.folder / "routing-policy.yaml"
    cheap = "policies:\n  - {name: cheap, relays: {max_price_per_gb: 0.05}}\nprices_per_gb:\n  - {node: fra, price: 0.09}\n"
    with ProbeStream(lab, vip("ipv4")) as stream:
        file.write_text(cheap)
        hang_up(lab, "controller", "routing-policy.yaml is taken up")
        wait_until(lambda: paths() == {"cheap": ["sin"]}, "ams relays over nobody who is dear")
        file.write_text(cheap.replace("name", "nmae"))
        hang_up(lab, "controller", "SIGHUP changes nothing")
        assert "did you mean 'name'?" in lab.log("controller").read_text()
        assert paths() == {"cheap": ["sin"]}
        file.write_text("policies:\n  - {name: fast}\n")
        hang_up(lab, "controller", "routing-policy.yaml is taken up")
        wait_until(lambda: paths() == {"fast": RELAYED}, "ams relays again")
        stream.wait_for_replies(5)
    assert stream.report["lost"] == 0


def test_variable_at_the_controller_is_in_every_nodes_policy(
        lab: Lab, plane: ControlPlane, origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in place of the file's key in the text that all nodes are handed, after SIGHUP, too."""
    def policies(node: str) -> set[str]:
        return {row["policy"] for row in lab.show(node, "paths")["paths"]}

    file = plane.folder / "routing-policy.yaml"
    file.write_text("policies:\n  - {name: of-the-file}\n")
    with ProbeStream(lab, vip("ipv4")) as stream:
        with monkeypatch.context() as variables:
            variables.setenv("IZAR_POLICY_POLICIES", "[{name: of-the-variable}]")
            lab.restart("controller")
        for node in NODES:
            wait_until(lambda node=node: policies(node) == {"of-the-variable"}, f"{node} follows the variable")
        file.write_text("policies:\n  - {name: next}\nprices_per_gb: [{node: fra, price: 1}]\n")
        hang_up(lab, "controller", "routing-policy.yaml is taken up")
        assert policies("ams") == {"of-the-variable"}
        lab.restart("controller")
        for node in NODES:
            wait_until(lambda node=node: policies(node) == {"next"}, f"{node} follows the file")
        stream.wait_for_replies(5)
    assert stream.report["lost"] == 0


def test_revoked_node_leaves_the_fleet(lab: Lab, plane: ControlPlane, origin: Origin) -> None:
    """It relays for clients until then. Its programs run on, and try to come back with all they have: the secrets of its links,
    its certificate."""
    others = [node for node in NODES if node != "fra"]

    def carried() -> int:
        """Packets, from ams towards sin."""
        return links(lab)["fra", "sin"]["tx_packets"]

    def is_cut_off() -> bool:
        now = links(lab)
        return (path(lab, "sin") == ["sin"] and all((node, "fra") not in now for node in others)
                and plane.ask_agent("fra", "status")["controller"] is None)

    def was_told(what: str) -> bool:
        return f"it refuses this node: {what}" in lab.log("agent-fra").read_text()

    def comers() -> list[int]:
        """Packets that nodes had of fra, and did not take."""
        return [drop_counts(lab, node)["unknown_peer"] for node in others]

    wait_for_path(lab, RELAYED)
    with ProbeStream(lab, vip("ipv4")) as stream:
        before = carried()
        wait_until(lambda: carried() > before + 1_000, "the stream goes over fra: keep-alives alone are 100 a second", 5)
        assert plane.connected_agents() == len(NODES) and not was_told("")
        begun = time.monotonic()
        plane.izar("node", "revoke", "fra")
        wait_until(is_cut_off, "nobody has a link or a connection with fra", SOON_S - (time.monotonic() - begun))
        print(f"fra was cut off {time.monotonic() - begun:.2f} s after the command was given")
        before, come = carried(), comers()
        stream.wait_for_replies(20)
        assert carried() < before + 500, "of the stream it has nothing; it goes on with keep-alives, which nobody takes"
    assert 0 <= stream.report["lost"] < 1000
    wait_until(lambda: all(now > then for now, then in zip(comers(), come, strict=True)), "fra knocks at both, and is not let in")
    assert was_told("this node was revoked")
    lab.kill("agent-fra")
    lab.log("agent-fra").write_text("")
    plane.start_program("agent-fra")
    wait_until(lambda: was_told("this node's certificate is not accepted any more"), "it is refused on its return")
    lab.restart("fra")
    come = comers()
    wait_until(lambda: all(now > then for now, then in zip(comers(), come, strict=True)), "nor does a new life of izar-edge get in")
    assert all((node, "fra") not in links(lab) for node in others) and path(lab, "sin") == ["sin"]
    row = next(row for row in plane.listed("nodes") if row["name"] == "fra")
    assert row["state"] == "revoked" and not row["agent_connected"] and plane.connected_agents() == len(others)


def test_a_node_that_joins_gets_its_place_in_edge_yaml(lab: Lab, plane: ControlPlane, tmp_path: Path) -> None:
    """In a file that an operator wrote, and in none; and a file that cannot be changed costs no token."""
    agent_yaml, edge_yaml = tmp_path / "agent.yaml", tmp_path / "edge.yaml"
    controller = f"{plane.addresses()[0]}:7443"
    agent_yaml.write_text(yaml.safe_dump({"name": "par", "address": "10.77.0.99", "state": str(tmp_path / "state"),
                                          "run": str(tmp_path / "run"), "controllers": [controller]}))
    token = plane.ask({"do": "token create", "region": "lab", "ttl_s": 600, "uses": 1})["token"]

    def agent(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [str(edge_files.find_program(lab.build, "izar-agent")), "--config", str(agent_yaml), "--edge-config", str(edge_yaml)]
        return lab.run("ams", [*argv, *words], check=False)

    joining = ["--join", controller, "--token", token]
    edge_yaml.write_text("node:\n")
    refused = agent(*joining)
    assert refused.returncode == 1 and f"{edge_yaml}:1:1: node" in refused.stderr, refused.stderr
    ports = "ports:  # eth0 is the uplink\n  - {name: wan, device: 'net_af_packet,iface=eth0', addresses: [10.77.0.99/24]}\noverlay: {port: wan}\n"
    edge_yaml.write_text(ports)
    joined = agent(*joining)
    assert joined.returncode == 0, joined.stderr
    row = next(row for row in plane.listed("nodes") if row["name"] == "par")
    written = edge_yaml.read_text()
    assert written.startswith(ports)
    own = {"id": row["id"], "name": "par"}
    assert yaml.safe_load(written) == yaml.safe_load(ports) | {
        "node": own, "secrets": {"file": str(tmp_path / "state" / "link.secrets")},
        "nodes": [{**own, "region": "lab", "address": "10.77.0.99"}], "control_socket": str(tmp_path / "run" / "edge.sock")}
    edge = [str(edge_files.find_program(lab.build, "izar-edge")), "--", "--config", str(edge_yaml), "--check"]
    checked = lab.run("ams", edge, check=False)
    assert checked.returncode == 0, checked.stderr
    edge_yaml.unlink()
    assert agent().returncode == 0, "of a node that has joined, without joining again"
    assert yaml.safe_load(edge_yaml.read_text())["node"] == own
