"""What several controllers share: a MariaDB for the tables and an etcd of one member, at the management network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from izar_lab import addresses, netns
from izar_lab.errors import LabError

if TYPE_CHECKING:
    from izar_lab.lab import Lab

DATABASE_PORT = 3306
ETCD_PORT = 2379
ETCD_PEER_PORT = 2380
# So short that a test sees it run out; a fleet's should be longer.
LEASE = "3s"
SMALL = ["--innodb-log-file-size=8M"]


class SharedStore:
    """Programs "mariadb" and "etcd" of the lab."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab = lab
        self._folder = folder
        self._socket = folder / "mariadb.sock"

    def start(self) -> None:
        for tool in ("mariadbd", "mariadb-install-db", "mariadb", "etcd"):
            if not netns.find_tool(tool):
                raise LabError(f"the program {tool!r} is missing, which several controllers need; tools/install installs it")
        data = self._folder / "mariadb"
        netns.batch(self._lab.network.namespace("mgmt"), ["link set dev lo up", f"address add {addresses.store()}/24 dev br0"])
        own = ["--no-defaults", "--user=root", f"--datadir={data}"]
        netns.run(["mariadb-install-db", *own, "--skip-test-db", "--auth-root-authentication-method=normal", *SMALL])
        # Without grant tables every name is let in; nobody but the lab is at its management network.
        self._lab.start("mariadb", "mgmt", ["mariadbd", *own, f"--socket={self._socket}", f"--bind-address={addresses.store()}",
                                            "--skip-name-resolve", "--skip-grant-tables", "--innodb-flush-log-at-trx-commit=1",
                                            "--innodb-buffer-pool-size=16M", "--performance-schema=0", *SMALL])
        url, peer = f"http://{addresses.store()}:{ETCD_PORT}", f"http://127.0.0.1:{ETCD_PEER_PORT}"
        self._lab.start("etcd", "mgmt", ["etcd", "--name", "lab", "--data-dir", str(self._folder / "etcd"),
                                         "--listen-client-urls", url, "--advertise-client-urls", url,
                                         "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                                         "--initial-cluster", f"lab={peer}"])
        self._lab.wait_until("mariadb", self._is_database_made)
        self._lab.wait_until("etcd", self._does_etcd_listen)

    def config(self, name: str, api: str) -> dict[str, Any]:
        """The sections of scheduling-config.yaml that make a controller one of several."""
        return {
            "store": {"kind": "mariadb", "host": addresses.store()},
            "etcd": {"endpoints": [f"http://{addresses.store()}:{ETCD_PORT}"], "name": name, "address": api, "lease": LEASE},
        }

    def _is_database_made(self) -> bool:
        make = ["mariadb", "--no-defaults", f"--socket={self._socket}", "-e", "CREATE DATABASE IF NOT EXISTS izar"]
        return self._lab.run("mgmt", make, check=False).returncode == 0

    def _does_etcd_listen(self) -> bool:
        return f":{ETCD_PORT} " in self._lab.run("mgmt", ["ss", "-Hltn"]).stdout
