"""test_controller_kills.py -- kill -9 of the controller at any moment, under writes: what it said was done is there, and stays.

The store's tests kill at each named place (ctrl/store/store_crash_test.cc); here the whole program dies, with what it does
between two calls of the store, and nodes join it as they do in a fleet.
"""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import topologies
import yaml
from izar_lab import Lab, LabError, edge_files
from izar_lab.control_plane import PORT, ControlPlane
from observe import wait_until

KILLS = 12
LONGEST_LIFE_S = 0.5
NAMES = 6  # of services
SEED = 20_261


@pytest.fixture(scope="module")
def lab(start_lab: Callable[[dict[str, Any]], Lab]) -> Lab:
    document = topologies.three_nodes("e2ekills") | {"nodes": [{"name": "ams"}], "rtt": {"unit": "ms"}, "hosts": [], "services": []}
    return start_lab(document | {"controllers": 1})


class Writes:
    """One kind of write, again and again until it is told to stop; a write without an answer is made once more, as an operator
    does it."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.acknowledged = 0
        self.unanswered = 0
        self.random = random.Random(f"{SEED} {type(self).__name__}")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._error: BaseException | None = None

    def __enter__(self) -> "Writes":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self._error is None, self._error

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.write()
        except BaseException as error:  # told where the block ends
            self._error = error

    def write(self) -> None:
        raise NotImplementedError

    def ask(self, done_before: str = "", **request: Any) -> dict[str, Any] | None:
        """The answer; None: there was none, so that it may be done or not. `done_before` is what a refusal says if it is."""
        try:
            answer = self.plane.ask(request)
        except LabError as error:
            if done_before and done_before in str(error):
                return {}
            assert "does not answer" in str(error), error
            self.unanswered += 1
            return None
        self.acknowledged += 1
        return answer


class Services(Writes):
    """Each name has the port that was set last, or one that got no answer since; or it was removed."""

    def __init__(self, plane: ControlPlane) -> None:
        super().__init__(plane)
        self.may_hold: dict[str, set[int | None]] = {f"s{i}": {None} for i in range(NAMES)}
        self._port = 0

    def write(self) -> None:
        name = self.random.choice(sorted(self.may_hold))
        if self.random.random() < 0.3 and None not in self.may_hold[name]:
            wanted, request = None, {"do": "service remove", "name": name}
        else:
            self._port += 1
            wanted = self._port
            request = {"do": "service put", "name": name, "vip": f"10.99.3.{name[1:]}", "protocol": "udp", "first_port": wanted,
                       "last_port": wanted, "origins": [{"address": "10.1.0.10"}]}
        self.may_hold[name].add(wanted)
        if self.ask(**request) is not None:
            self.may_hold[name] = {wanted}

    def check(self) -> None:
        held = {row["name"]: row["first_port"] for row in self.plane.listed("services")}
        for name, ports in self.may_hold.items():
            assert held.get(name) in ports, f"{name} has port {held.get(name)}; it can be {ports}"


class Tokens(Writes):
    def __init__(self, plane: ControlPlane) -> None:
        super().__init__(plane)
        self.made: set[str] = set()

    def write(self) -> None:
        answer = self.ask(do="token create", region="lab", ttl_s=600, uses=1)
        if answer is not None:
            self.made.add(answer["id"])

    def check(self) -> None:
        assert self.made <= {row["id"] for row in self.plane.listed("tokens")}


class Joins(Writes):
    """Nodes that join, each with a token for one; every other one is revoked."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        super().__init__(lab.control_plane)
        self._lab = lab
        self._folder = folder
        self.joined: list[str] = []
        self.revoked: list[str] = []

    def write(self) -> None:
        number = len(self.joined)
        name = f"kill{number}"
        token = None
        while token is None:
            token = self.ask(do="token create", region="lab", ttl_s=600, uses=1)
        while not self._join(name, number, token["token"]):
            self.unanswered += 1
        self.joined.append(name)
        if number % 2 == 1:
            revoke = {"do": "node revoke", "node": name}
            done = self.ask(**revoke)
            while done is None:
                done = self.ask(done_before="no such node", **revoke)
            self.revoked.append(name)

    def _join(self, name: str, number: int, token: str) -> bool:
        """Tried again with the same token and the same folder, as its operator would."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        controller = f"{self.plane.addresses()[0]}:{PORT}"
        path = folder / "agent.yaml"
        path.write_text(yaml.safe_dump({"name": name, "address": f"10.77.9.{number % 250 + 1}", "state": str(folder),
                                        "run": str(folder), "controllers": [controller]}))
        program = str(edge_files.find_program(self._lab.build, "izar-agent"))
        done = self._lab.run("ams", [program, "--config", str(path), "--join", controller, "--token", token], check=False)
        assert "the controller refused" not in done.stderr, f"{name} lost its token to an answer that did not come: {done.stderr}"
        return done.returncode == 0

    def check(self) -> None:
        rows = [row for row in self.plane.listed("nodes") if row["name"].startswith("kill")]
        states = {row["name"]: row["state"] for row in rows}
        assert len(rows) == len(states), "nobody is there twice"
        assert all(states.get(name) == ("revoked" if name in self.revoked else "joined") for name in self.joined), states
        ids = [row["id"] for row in rows]
        assert len(set(ids)) == len(ids)


def test_nothing_acknowledged_is_lost_nor_undone_by_kills(lab: Lab, plane: ControlPlane, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    services, tokens, joins = Services(plane), Tokens(plane), Joins(lab, tmp_path)
    with services, tokens, joins:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, LONGEST_LIFE_S))
            lab.kill("controller", 9)
            plane.start_program("controller")
        wait_until(lambda: len(joins.revoked) >= 2, "nodes joined and were revoked", 60)
    print({type(writes).__name__: (writes.acknowledged, writes.unanswered) for writes in (services, tokens, joins)})
    assert all(writes.acknowledged > 0 and writes.unanswered > 0 for writes in (services, tokens, joins)), "kills met no write"
    for _ in range(2):
        for writes in (services, tokens, joins):
            writes.check()
        lab.restart("controller")  # nor does another start bring anything back
