"""proxy_systems.py -- The proxies that are compared: each puts itself between client and origin of a ProxyNet.

All bring a client's TCP connection to VIP:80 to the origin's port 8080, and VIP:5201 to the same port there. testpmd in mode io
only carries frames from one virtual NIC to the other: what these leave is the ceiling for who forwards over them.
"""

import dataclasses
import os
import subprocess
from collections.abc import Callable

from izar_perf.proxy_net import HTTP_PORT, IPERF_PORT, ORIGIN, ORIGIN_PORT, PROXY_LAN, PROXY_WAN, VIP, ProxyNet
from izar_perf.suite import Context

WAYS = ((HTTP_PORT, ORIGIN_PORT), (IPERF_PORT, IPERF_PORT))  # port of the VIP, port of the origin

PREFIX = f"izar-proxy-{os.getpid()}"  # DPDK's; the suite removes the folder of this name

EDGE_CONFIG = """node: {{id: 1, name: edge}}
security: none
idle: sleep
control_socket: {folder}/edge.sock
ports:
  - {{name: wan, device: "{driver},iface=wan0", addresses: [{wan}/24]}}
  - {{name: lan, device: "{driver},iface=lan0", addresses: [{lan}/24]}}
overlay: {{port: wan}}
nodes: [{{id: 1, name: edge, address: {wan}}}]
services:
{services}"""
EDGE_SERVICE = """  - {{id: {id}, name: port{id}, vip: {vip}, protocol: tcp, ports: {port}, egress: [edge],
     origins: [{{address: {origin}, port: {origin_port}}}]}}
"""
HAPROXY_CONFIG = """global
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
"""
NGINX_CONFIG = """load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; worker_processes auto; pid {folder}/stream.pid; error_log stderr crit;
events {{ worker_connections 8192; }}
stream {{ {servers} }}
"""
NFT_RULES = """table ip izar_perf {{
  chain before {{ type nat hook prerouting priority dstnat; {rules}; }}
  chain after {{ type nat hook postrouting priority srcnat; oifname "lan0" masquerade; }}
}}
"""


def eal() -> list[str]:
    return ["--no-pci", "-m", "128", "--file-prefix", PREFIX, "--in-memory", "--no-telemetry", "--log-level=*:error"]


def start_izar(net: ProxyNet, context: Context, driver: str) -> None:
    services = "".join(EDGE_SERVICE.format(id=at, vip=VIP, port=port, origin=ORIGIN, origin_port=origin_port)
                       for at, (port, origin_port) in enumerate(WAYS, 1))
    config = net.folder / "edge.yaml"
    config.write_text(EDGE_CONFIG.format(folder=net.folder, driver=driver, wan=PROXY_WAN, lan=PROXY_LAN, services=services))
    net.start("proxy", [context.program("tools/edge/izar-edge"), "--no-pci", "-m", "128", "--file-prefix", PREFIX,
                        "--in-memory", "--", "--config", str(config)])


def start_testpmd(net: ProxyNet, context: Context, driver: str) -> None:
    ports = [f"--vdev={driver}{at},iface={name}" for at, name in enumerate(("wan0", "lan0"))]
    net.start("proxy", ["dpdk-testpmd", "--lcores=0@0,1@1", *eal(), *ports, "--", "--forward-mode=io", "--auto-start", "--nb-cores=1",
                        "--total-num-mbufs=16384"], stdin=subprocess.PIPE)


def start_haproxy(net: ProxyNet, context: Context, _: str) -> None:
    net.give_proxy_to_kernel(forwards=False)
    ways = [f"listen port{port}\n  bind {VIP}:{port}\n  server origin {ORIGIN}:{origin_port}\n" for port, origin_port in WAYS]
    config = net.folder / "haproxy.cfg"
    config.write_text(HAPROXY_CONFIG + "".join(ways))
    net.start("proxy", ["haproxy", "-db", "-f", str(config)])


def start_nginx(net: ProxyNet, context: Context, _: str) -> None:
    net.give_proxy_to_kernel(forwards=False)
    servers = " ".join(f"server {{ listen {VIP}:{port} backlog=4096; proxy_pass {ORIGIN}:{origin_port}; }}"
                       for port, origin_port in WAYS)
    config = net.folder / "stream.conf"
    config.write_text(NGINX_CONFIG.format(folder=net.folder, servers=servers))
    net.start("proxy", ["nginx", "-c", str(config), "-p", str(net.folder)])


def start_nftables(net: ProxyNet, context: Context, _: str) -> None:
    net.give_proxy_to_kernel(forwards=True)
    rules = "; ".join(f"ip daddr {VIP} tcp dport {port} dnat to {ORIGIN}:{origin_port}" for port, origin_port in WAYS)
    rules_file = net.folder / "rules.nft"
    rules_file.write_text(NFT_RULES.format(rules=rules))
    net.run("proxy", ["nft", "-f", str(rules_file)])


@dataclasses.dataclass(frozen=True)
class System:
    name: str
    start: Callable[[ProxyNet, Context, str], None]
    driver: str | None = None
    flat: bool = False
    is_process: bool = True  # its CPU time is that of processes; else it is the kernel's, spread over everybody


SYSTEMS = (
    System("izar", start_izar, "net_af_packet"),
    System("izar", start_izar, "net_af_xdp"),
    System("testpmd", start_testpmd, "net_af_packet", flat=True),
    System("testpmd", start_testpmd, "net_af_xdp", flat=True),
    System("haproxy", start_haproxy),
    System("nginx", start_nginx),
    System("nftables", start_nftables, is_process=False),
)
