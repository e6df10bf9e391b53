"""ovs_dpdk.py -- OVS-DPDK as a peer: its userspace conntrack, NAT and GENEVE in two roles of the rig, on its ports (captures.py).

    ingress:  client's frame -> br-lan: conntrack, to the tunnel -> br-wan: GENEVE to the peer -> out
    egress:   GENEVE -> br-wan: decapsulated -> br-lan: conntrack with destination NAT -> out

What is cheapest for it was chosen: one look into conntrack a packet, without sending it round again to see what that found. The egress
translates the destination only, half of what izar's does; packets have no options, izar's have 36 bytes of them. Cycles are
those that its own forwarding thread counts.
"""

import pathlib
import re
import time

from izar_perf import captures
from izar_perf.ovs_program import OvsProgram
from izar_perf.suite import Context, SuiteFailed

ROLES = ("ingress", "egress")
OWN, PEER = "198.51.100.1", "198.51.100.3"
OWN_MAC, PEER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
ORIGIN = "192.168.0.100:8443"
VNI = 7
ZONE = 1
GENEVE_BYTES = 14 + 20 + 8 + 8  # in front of the client's frame
TUNNEL_BYTES = captures.FRAME_BYTES + GENEVE_BYTES  # of each packet in br-wan
REPLIES_FROM = {"ingress": captures.VIP, "egress": ORIGIN.split(":")[0]}  # by what conntrack says
WARM_UP_S = 1.0  # every flow known to conntrack and to the caches
CYCLES = re.compile(r"avg cycles per packet: ([0-9.]+) \(\d+/(\d+)\)")
COUNTS = re.compile(r"n_packets=([1-9]\d*), n_bytes=(\d+)")
SENT = re.compile(r"tx pkts=[1-9]")
CLIENTS = f"udp,nw_dst={captures.VIP},tp_dst={captures.PORT}"


def frames(role: str) -> list[bytes]:
    if role == "ingress":
        return [captures.client_frame(flow) for flow in range(captures.FLOWS)]
    return [captures.geneve_frame(flow, PEER, OWN, VNI) for flow in range(captures.FLOWS)]


def add_port(ovs: OvsProgram, bridge: str, name: str, device: str) -> None:
    ovs.vsctl("add-port", bridge, name, "--", "set", "Interface", name, "type=dpdk", f"options:dpdk-devargs={device}")
    error = ovs.vsctl("get", "Interface", name, "error").strip()
    if error not in ("[]", '""'):
        raise SuiteFailed(f"OVS-DPDK does not take {device}: {error}")


def build_bridges(ovs: OvsProgram, role: str, file: pathlib.Path, out: str) -> None:
    """Both bridges with their flows; the port that brings packets comes last, so that none meets half of them."""
    for bridge in ("br-wan", "br-lan"):
        ovs.vsctl("add-br", bridge, "--", "set", "Bridge", bridge, "datapath_type=netdev", "fail_mode=secure",
                  "protocols=OpenFlow10,OpenFlow13,OpenFlow15")
    ovs.vsctl("set", "Bridge", "br-wan", f'other-config:hwaddr="{OWN_MAC}"')
    ovs.in_namespace("ip", "address", "add", f"{OWN}/24", "dev", "br-wan")
    ovs.in_namespace("ip", "link", "set", "br-wan", "up")
    ovs.vsctl("add-port", "br-lan", "tunnel", "--", "set", "Interface", "tunnel", "type=geneve", f"options:remote_ip={PEER}",
              f"options:key={VNI}", "options:csum=false", "ofport_request=10")
    wan, lan = ("out", "in") if role == "ingress" else ("in", "out")
    bridge_of = {wan: "br-wan", lan: "br-lan"}
    add_port(ovs, bridge_of["out"], "out", out)
    ovs.vsctl("set", "Interface", "out", "ofport_request=1")
    ovs.appctl("tnl/neigh/set", "br-wan", PEER, PEER_MAC)
    if role == "ingress":
        ovs.ofctl("add-flow", "br-wan", "in_port=LOCAL,actions=output:1")
        ovs.ofctl("add-flow", "br-lan", f"{CLIENTS},actions=ct(commit,zone={ZONE}),output:10")
    else:
        ovs.ofctl("add-flow", "br-wan", "udp,tp_dst=6081,actions=LOCAL")
        address = f"set_field:{OWN_MAC}->eth_src,set_field:{PEER_MAC}->eth_dst,output:1"
        ovs.ofctl("add-flow", "br-lan", f"in_port=10,{CLIENTS},actions=ct(commit,zone={ZONE},nat(dst={ORIGIN})),{address}")
    add_port(ovs, bridge_of["in"], "in", captures.IN_PORT.format(file=file))


def check(ovs: OvsProgram, role: str) -> None:
    """Packets leave, tunnelled in br-wan (but for some of the kernel's own), and conntrack knows every flow with its translation."""
    out = ovs.ofctl("dump-ports", "br-wan" if role == "ingress" else "br-lan", "1")
    tunnelled = COUNTS.search(ovs.ofctl("dump-flows", "br-wan"))
    known = ovs.appctl("dpctl/dump-conntrack").count(f"reply=(src={REPLIES_FROM[role]},")
    if (not SENT.search(out) or tunnelled is None or round(int(tunnelled[2]) / int(tunnelled[1])) != TUNNEL_BYTES
            or known != captures.FLOWS):
        raise SuiteFailed(f"OVS-DPDK does not do what it was told ({known} flows known): {out}{tunnelled}\n{ovs.said()}")


def measure(context: Context, role: str, seconds: float) -> tuple[float, float]:
    """Cycles per packet and million packets a second of the forwarding thread."""
    with OvsProgram(context) as ovs:
        file = ovs.folder / f"{role}.pcap"
        captures.write(file, frames(role))
        build_bridges(ovs, role, file, captures.OUT_PORT)
        time.sleep(WARM_UP_S)
        ovs.appctl("dpif-netdev/pmd-stats-clear")
        start = time.monotonic()
        time.sleep(seconds)
        shown = ovs.appctl("dpif-netdev/pmd-stats-show")
        took = time.monotonic() - start
        check(ovs, role)
    found = CYCLES.search(shown)
    if found is None:
        raise SuiteFailed(f"OVS-DPDK told no cycles per packet:\n{shown}")
    return float(found.group(1)), int(found.group(2)) / took / 1e6
