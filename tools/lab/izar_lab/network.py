"""The namespaces of a lab and the veth pairs between them. No interface ever exists outside of them.

    host eth0 --- bridge in NODElan --- lan0 node wan0 --- wan (izar-wan)
                                             mgmt0 --- bridge in mgmt --- mgmt0 controller
"""

from __future__ import annotations

from izar_lab import addresses, netns
from izar_lab.errors import LabError
from izar_lab.topology import Host, Node, Topology

PREFIX = "izl-"


class Network:
    """Names, makes and removes what one lab consists of in the kernel."""

    def __init__(self, lab: str, topology: Topology) -> None:
        self.lab = lab
        self.topology = topology

    def namespace(self, member: str) -> str:
        """The namespace of a node or a host, or of "wan", "mgmt", NODE + "lan", "controller"."""
        return namespace_of(self.lab, member)

    def members(self) -> list[str]:
        nodes = [node.name for node in self.topology.nodes]
        lans = [f"{owner}lan" for owner in self.topology.lans()]
        hosts = [host.name for host in self.topology.hosts]
        return ["wan", "mgmt", *nodes, *lans, *hosts, *self.topology.controller_names()]

    def create(self) -> None:
        netns.create(self.namespace(member) for member in self.members())
        for member in self.members():
            netns.sysctl(self.namespace(member), _kernel_settings(is_host=self._is_host(member)))
        netns.batch(None, self._link_lines())
        self._set_up_switches()
        for node in self.topology.nodes:
            self._set_up_node(node)
        for host in self.topology.hosts:
            self._set_up_host(host)
        for i, name in enumerate(self.topology.controller_names()):
            netns.batch(self.namespace(name), ["link set dev lo up", "link set dev mgmt0 up",
                                               f"address add {addresses.controller(i)}/24 dev mgmt0"])

    def _is_host(self, member: str) -> bool:
        return any(host.name == member for host in self.topology.hosts)

    def _lan_of(self, host: Host) -> str:
        return f"{self.topology.node(host.node).lan}lan"

    def _link_lines(self) -> list[str]:
        lines = []
        for node in self.topology.nodes:
            inside = self.namespace(node.name)
            for name, mac, far, peer in (
                ("wan0", addresses.wan_mac(node.id), "wan", node.name),
                ("lan0", addresses.lan_mac(node.id), f"{node.lan}lan", node.name),
                ("mgmt0", None, "mgmt", node.name),
            ):
                address = f"address {mac} " if mac else ""
                lines.append(
                    f"link add {name} netns {inside} mtu {addresses.MTU} {address}"
                    f"type veth peer name {peer} netns {self.namespace(far)} mtu {addresses.MTU}"
                )
        for name in self.topology.controller_names():
            lines.append(f"link add mgmt0 netns {self.namespace(name)} type veth peer name {name} netns {self.namespace('mgmt')}")
        for host in self.topology.hosts:
            lines.append(
                f"link add eth0 netns {self.namespace(host.name)} mtu {addresses.MTU} "
                f"type veth peer name {host.name} netns {self.namespace(self._lan_of(host))} mtu {addresses.MTU}"
            )
        return lines

    def _set_up_switches(self) -> None:
        nodes = [node.name for node in self.topology.nodes]
        netns.batch(self.namespace("wan"), [f"link set dev {name} up" for name in nodes])
        netns.offloads_off(self.namespace("wan"), nodes)
        self._set_up_bridge("mgmt", [*nodes, *self.topology.controller_names()])
        for owner in self.topology.lans():
            ports = [*self.topology.lan_nodes(owner), *self.topology.lan_hosts(owner)]
            self._set_up_bridge(f"{owner}lan", ports)
            netns.offloads_off(self.namespace(f"{owner}lan"), ports)

    def _set_up_bridge(self, member: str, ports: list[str]) -> None:
        lines = ["link add br0 type bridge mcast_snooping 0", "link set dev br0 up"]
        lines += [f"link set dev {port} master br0 up" for port in ports]
        netns.batch(self.namespace(member), lines)

    def _set_up_node(self, node: Node) -> None:
        """The kernel has no address on wan0 and lan0: they belong to izar-edge, which answers ARP and ND itself."""
        namespace = self.namespace(node.name)
        netns.batch(
            namespace,
            [
                "link set dev lo up",
                "link set dev wan0 arp off up",
                "link set dev lan0 arp off up",
                f"address add {addresses.management(node.id)}/24 dev mgmt0",
                "link set dev mgmt0 up",
            ],
        )
        # The kernel gets its own copy of what net_af_packet reads, and would answer it beside izar-edge once a TAP has
        # the node's address. No route leads back out of these interfaces, so this makes it drop all of it.
        netns.sysctl(namespace, {f"net.ipv4.conf.{name}.rp_filter": 1 for name in ("wan0", "lan0")})
        netns.offloads_off(namespace, ["wan0", "lan0"])

    def set_up_taps(self, node: Node) -> None:
        """Gives the kernel its addresses on the TAPs that izar-edge of the node has just made."""
        namespace = self.namespace(node.name)
        lines = []
        for port, address in (
            ("wan", lambda family: addresses.wan(node.id, family)),
            ("lan", lambda family: self.topology.lan_address(node.name, family)),
        ):
            tap = addresses.tap(port)
            netns.sysctl(namespace, {f"net.ipv6.conf.{tap}.disable_ipv6": 0})
            lines.append(f"link set dev {tap} up")
            for family, option in (("ipv4", ""), ("ipv6", "nodad")):
                lines.append(f"address add {address(family)}/{addresses.prefix_bits(family)} dev {tap} {option}")
        netns.batch(namespace, lines)

    def _set_up_host(self, host: Host) -> None:
        lines = ["link set dev lo up", "link set dev eth0 up"]
        for family in ("ipv4", "ipv6"):
            option = "nodad" if family == "ipv6" else ""
            address = self.topology.host_address(host.name, family)
            lines.append(f"address add {address}/{addresses.prefix_bits(family)} dev eth0 {option}")
        for family in ("ipv4", "ipv6"):
            lines.append(f"route add default via {self.topology.lan_address(host.node, family)} dev eth0")
        netns.batch(self.namespace(host.name), lines)
        netns.offloads_off(self.namespace(host.name), ["eth0"])


def _kernel_settings(is_host: bool) -> dict[str, int]:
    # Set before any interface exists, so that none ever sends a router solicitation or an address check.
    return {
        "net.ipv6.conf.all.disable_ipv6": 0 if is_host else 1,
        "net.ipv6.conf.default.disable_ipv6": 0 if is_host else 1,
        "net.ipv6.conf.default.accept_ra": 0,
        "net.ipv6.conf.default.router_solicitations": 0,
        "net.ipv4.ip_forward": 0,
    }


def namespace_of(lab: str, member: str) -> str:
    return f"{PREFIX}{lab}-{member}"


def namespaces_of_lab(lab: str) -> list[str]:
    """Those that exist, also when nothing but their names is left of the lab."""
    return [name for name in netns.all_namespaces() if name.startswith(f"{PREFIX}{lab}-")]


def check_tools() -> None:
    for tool in ("ip", "ethtool", "sysctl"):
        if not netns.find_tool(tool):
            raise LabError(f"the program {tool!r} is missing; tools/install installs it")
