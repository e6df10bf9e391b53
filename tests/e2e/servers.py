"""servers.py -- The origins' programs as their packages bring them: nginx, dnsmasq, iperf3; and the echo of UDP probes."""

import os
import subprocess
from pathlib import Path

from izar_lab import Lab, edge_files

from observe import wait_until

FILE_BYTES = 100 << 20
DNS_NAME = "origin.example"
DNS_ANSWER = {"ipv4": "192.0.2.80", "ipv6": "2001:db8::80"}

NGINX_CONFIG = """
daemon off;
worker_processes 1;
error_log stderr;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 1000000;
    client_max_body_size 200m;
    client_body_temp_path {folder}/temporary;
    server {{
        listen 8080 backlog=4096;
        listen [::]:8080 backlog=4096;
        root {folder}/root;
        location /upload/ {{ dav_methods PUT; }}
        location /name {{ return 200 "{host}"; }}
    }}
}}
"""


class Origin:
    """Programs at one host of a lab, from entering to leaving the block. nginx serves `folder`/root."""

    def __init__(self, lab: Lab, host: str, folder: Path) -> None:
        self._lab = lab
        self._host = host
        self.folder = folder
        self._running: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "Origin":
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._running:
            server.terminate()
        for server in self._running:
            server.wait()

    def start_nginx(self) -> None:
        folders = [self.folder, *(self.folder / name for name in ("root", "root/upload", "temporary"))]
        for path in folders:
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o777)  # nginx serves as an unprivileged user
        for path in self.folder.parents:
            if path.stat().st_mode & 0o005 != 0o005:
                path.chmod(path.stat().st_mode | 0o005)  # pytest's own folders are closed to others
        config = self.folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(folder=self.folder, host=self._host))
        (self.folder / "root" / "small").write_bytes(b"x" * 100)
        self._start(["nginx", "-c", str(config), "-p", str(self.folder), "-e", "stderr"], 8080)

    def start_dns(self) -> None:
        records = [f"--address=/{DNS_NAME}/{answer}" for answer in DNS_ANSWER.values()]
        self._start(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                     "--user=root", "--pid-file=", *records], 53)

    def start_iperf(self) -> None:
        self._start(["iperf3", "--server"], 5201)

    def start_probe_echo(self) -> None:
        server = self._lab.popen(self._host, [str(edge_files.find_program(self._lab.build, "izar-udp-probe")), "echo"],
                                 stdout=subprocess.PIPE)
        self._running.append(server)
        assert server.stdout is not None and server.stdout.readline() == "ready\n"

    def make_file(self, name: str, size: int) -> Path:
        path = self.folder / "root" / name
        path.write_bytes(os.urandom(size))
        path.chmod(0o644)
        return path

    def _start(self, argv: list[str], port: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / f"{argv[0]}.log"
        with log.open("wb") as output:
            server = self._lab.popen(self._host, argv, stdout=output, stderr=output)
        self._running.append(server)

        def listens() -> bool:
            assert server.poll() is None, f"{argv[0]} ended: {log.read_text()}"
            return f":{port} " in self._lab.run(self._host, ["ss", "-Hltn"]).stdout

        wait_until(listens, f"{argv[0]} listens on {port}")
