"""proxy_net.py -- Where proxies are compared: a client, a proxy and an origin in namespaces of their own, joined by veth pairs.

    client eth0 --- wan0 proxy lan0 --- eth0 origin (nginx, iperf3)

The client reaches the VIP by the proxy as its gateway. A "flat" net is for what forwards frames and knows no addresses:
then the gateway's address and the VIP belong to the origin.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from izar_perf.suite import ROOT, SuiteFailed

sys.path.insert(0, str(ROOT / "tools" / "lab"))
from izar_lab import netns  # noqa: E402

VIP = "10.99.0.80"
CLIENT = "10.200.1.2"
PROXY_WAN = "10.200.1.1"
PROXY_LAN = "10.200.2.1"
ORIGIN = "10.200.2.2"
HTTP_PORT = 80
ORIGIN_PORT = 8080
IPERF_PORT = 5201
PATIENCE_S = 20.0
POLL_S = 0.02

# Many short connections: all ports, and those in TIME-WAIT again.
ENDPOINT = {"net.ipv4.tcp_tw_reuse": 1, "net.ipv6.conf.all.disable_ipv6": 1, "net.core.somaxconn": 4096}
PORTS = ["sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=1024 65000"]

ORIGIN_CONFIG = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen {http} backlog=4096; listen {port} backlog=4096; location / {{ return 200 "{page}"; }} }} }}
"""
PAGE = "x" * 100


class ProxyNet:
    """Up inside the block, gone after it with every process that was started in it."""

    def __init__(self, flat: bool) -> None:
        self._flat = flat
        self._processes: list[subprocess.Popen] = []

    def __enter__(self) -> "ProxyNet":
        self._folder = tempfile.TemporaryDirectory(prefix="perf-proxy-")
        self.folder = pathlib.Path(self._folder.name)
        members = {member: f"izp-{os.getpid()}-{member}" for member in ("client", "proxy", "origin")}
        netns.create(members.values())
        self._namespaces = members
        try:
            self._join()
            self._start_origin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(timeout=PATIENCE_S)
        netns.delete(self._namespaces.values())
        self._folder.cleanup()

    def run(self, member: str, argv: list[str]) -> str:
        try:
            return netns.run(netns.inside(self._namespaces[member], argv))
        except netns.LabError as error:
            raise SuiteFailed(str(error)) from error

    def start(self, member: str, argv: list[str], **options) -> subprocess.Popen:
        """A process that lives as long as the net; what it says is in the folder, and shown if the net does not come up."""
        log = (self.folder / f"{pathlib.Path(argv[0]).name}.log").open("w")
        command = netns.inside(self._namespaces[member], argv)
        self._processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **options))
        log.close()
        return self._processes[-1]

    def proxy_cpu_s(self) -> float:
        """User and system time of all processes that are in the proxy's namespace."""
        ticks = 0
        for pid in netns.pids(self._namespaces["proxy"]):
            words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(words[11]) + int(words[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def packets(self) -> int:
        """That client and origin have sent: what a proxy between them has had to take."""
        shown = (self.run(end, ["ip", "-json", "-statistics", "link", "show", "dev", "eth0"]) for end in ("client", "origin"))
        return sum(json.loads(each)[0]["stats64"]["tx"]["packets"] for each in shown)

    def wait_until_served(self) -> None:
        """Until the client gets the page from the VIP."""
        ask = ["curl", "-s", "--max-time", "0.5", f"http://{VIP}/"]
        deadline = time.monotonic() + PATIENCE_S
        while subprocess.run(netns.inside(self._namespaces["client"], ask), capture_output=True, text=True,
                             check=False).stdout != PAGE:
            if time.monotonic() > deadline:
                said = "\n".join(file.read_text()[-1500:] for file in sorted(self.folder.glob("*.log")))
                raise SuiteFailed(f"no page from the VIP within {PATIENCE_S:.0f} s:\n{said}")
            time.sleep(POLL_S)

    def _join(self) -> None:
        client, proxy, origin = (self._namespaces[member] for member in ("client", "proxy", "origin"))
        netns.batch(None, [f"link add eth0 netns {end} type veth peer name {port} netns {proxy}"
                           for end, port in ((client, "wan0"), (origin, "lan0"))])
        for end in (client, proxy, origin):
            netns.sysctl(end, ENDPOINT)
            netns.run(netns.inside(end, PORTS))
        netns.batch(proxy, ["link set lo up", "link set wan0 up", "link set lan0 up"])
        netns.batch(client, ["link set lo up", "link set eth0 up", f"address add {CLIENT}/24 dev eth0",
                             f"route add default via {PROXY_WAN}"])
        own = [f"{PROXY_WAN}/24", f"{VIP}/32"] if self._flat else [f"{ORIGIN}/24"]
        netns.batch(origin, ["link set lo up", "link set eth0 up", *(f"address add {each} dev eth0" for each in own)])
        if not self._flat:
            netns.batch(origin, [f"route add default via {PROXY_LAN}"])
        netns.offloads_off(client, ["eth0"])
        netns.offloads_off(origin, ["eth0"])
        netns.offloads_off(proxy, ["wan0", "lan0"])

    def give_proxy_to_kernel(self, forwards: bool) -> None:
        """Addresses for a proxy that uses the kernel's sockets or its forwarding."""
        netns.sysctl(self._namespaces["proxy"], {"net.ipv4.ip_forward": int(forwards)})
        netns.batch(self._namespaces["proxy"], [f"address add {PROXY_WAN}/24 dev wan0", f"address add {PROXY_LAN}/24 dev lan0",
                                                f"address add {VIP}/32 dev lo"])

    def _start_origin(self) -> None:
        config = self.folder / "origin.conf"
        config.write_text(ORIGIN_CONFIG.format(folder=self.folder, http=HTTP_PORT, port=ORIGIN_PORT, page=PAGE))
        self.folder.chmod(0o755)
        self.start("origin", ["nginx", "-c", str(config), "-p", str(self.folder)])
        self.start("origin", ["iperf3", "-s", "-p", str(IPERF_PORT)])
