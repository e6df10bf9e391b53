"""The origins' programs: nginx, dnsmasq, iperf3 and the probe's echo server, as they come from their packages."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from izar_lab import LabError, edge_files
from izar_lab.lab import Lab

FILE_BYTES = 100 * 1024 * 1024
DNS_NAME = "origin.example"
DNS_ANSWER = "192.0.2.80"
DNS_ANSWER6 = "2001:db8::80"
READY_S = 10.0

NGINX_CONFIG = """
daemon off;
worker_processes 1;
error_log stderr;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    sendfile on;
    client_max_body_size 200m;
    client_body_temp_path {folder}/temporary;
    server {{
        listen 8080;
        listen [::]:8080;
        root {folder}/root;
        location /upload/ {{ dav_methods PUT; }}
    }}
}}
"""


class Servers:
    """Runs everything at one host of the lab; files lie in `folder`."""

    def __init__(self, lab: Lab, host: str, folder: Path) -> None:
        self._lab = lab
        self._host = host
        self._folder = folder
        self._running: list[subprocess.Popen[str]] = []
        self.download = folder / "root" / "file.bin"
        self.upload = folder / "root" / "upload" / "file.bin"

    def __enter__(self) -> Servers:
        for name in ("root", "root/upload", "temporary"):
            (self._folder / name).mkdir(parents=True)
        for path in (self._folder, self._folder / "root", self._folder / "root/upload", self._folder / "temporary"):
            path.chmod(0o777)  # nginx serves as an unprivileged user
        with self.download.open("wb") as out, open("/dev/urandom", "rb") as random:
            for _ in range(FILE_BYTES >> 20):
                out.write(random.read(1 << 20))
        config = self._folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(folder=self._folder))
        records = [f"--address=/{DNS_NAME}/{DNS_ANSWER}", f"--address=/{DNS_NAME}/{DNS_ANSWER6}"]
        probe = str(edge_files.find_program(self._lab.build, "izar-udp-probe"))
        self._start("nginx", ["nginx", "-c", str(config), "-p", str(self._folder), "-e", "stderr"])
        self._start("dnsmasq", ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
                                "--no-hosts", "--user=root", "--pid-file=", *records])
        self._start("iperf3", ["iperf3", "--server"])
        self._start("probe", [probe, "echo"])
        for port in (8080, 53, 5201):
            self._wait_for(port)
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._running:
            server.terminate()
        for server in self._running:
            server.wait()

    def _start(self, name: str, argv: list[str]) -> None:
        with (self._folder / f"{name}.log").open("wb") as log:
            self._running.append(self._lab.popen(self._host, argv, stdout=log, stderr=log))

    def _wait_for(self, port: int) -> None:
        # From inside the origin: the overlay is not asked before its servers are there.
        test = f"exec 3<>/dev/tcp/127.0.0.1/{port}"
        deadline = time.monotonic() + READY_S
        while self._lab.run(self._host, ["bash", "-c", test], check=False).returncode != 0:
            dead = [server.args for server in self._running if server.poll() is not None]
            if dead or time.monotonic() > deadline:
                raise LabError(f"the origin's servers did not start; see {self._folder}/*.log ({dead})")
            time.sleep(0.05)
