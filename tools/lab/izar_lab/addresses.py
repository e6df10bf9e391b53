"""The address plan: every address of a lab follows from a node's id and a host's number.

| what             | IPv4                | IPv6              |
| ---              | ---                 | ---               |
| WAN of node i    | 10.77.0.i/24        | fd77::i/64        |
| LAN of node i    | 10.i.0.1/24         | fd00:i::1/64      |
| n-th guest there | 10.i.0.(1+n)/24     | fd00:i::(1+n)/64  |
| host k of node i | 10.i.0.(10+k)/24    | fd00:i::(10+k)/64 |
| management       | 192.168.77.i/24     |                   |
| controllers      | 192.168.77.254, ... |                   |
| their store      | 192.168.77.250      |                   |
| VIPs             | any, 10.99.0.0/24 by habit | fd99::/64  |

A guest is another node on the same LAN. i is written in decimal in IPv4 and in hexadecimal in IPv6. i <= 64 keeps 10.77 and 10.99 free.
"""

MAX_NODES = 64
MAX_HOSTS = 200
MAX_GUESTS = 8
MAX_CONTROLLERS = 3
MTU = 1500


def wan(node_id: int, family: str) -> str:
    return f"10.77.0.{node_id}" if family == "ipv4" else f"fd77::{node_id:x}"


def lan(owner_id: int, guest: int, family: str) -> str:
    """Of a node on the LAN of the node owner_id; the owner itself is guest 0."""
    return f"10.{owner_id}.0.{1 + guest}" if family == "ipv4" else f"fd00:{owner_id:x}::{1 + guest:x}"


def host(node_id: int, number: int, family: str) -> str:
    if family == "ipv4":
        return f"10.{node_id}.0.{10 + number}"
    return f"fd00:{node_id:x}::{10 + number:x}"


def management(node_id: int) -> str:
    return f"192.168.77.{node_id}"


def controller(number: int) -> str:
    """Of the controllers in the management network; the first is 0."""
    return management(254 - number)


def controller_name(number: int) -> str:
    """Of its program and its namespace."""
    return "controller" if number == 0 else f"controller{number + 1}"


def store() -> str:
    """Of the database and the etcd that several controllers share."""
    return management(250)


def prefix_bits(family: str) -> int:
    return 24 if family == "ipv4" else 64


def family_of(address: str) -> str:
    return "ipv6" if ":" in address else "ipv4"


def tap(port: str) -> str:
    """The kernel's end of a port's exception path."""
    return f"izar{port}"


def wan_mac(node_id: int) -> str:
    return f"02:77:00:00:00:{node_id:02x}"


def lan_mac(node_id: int) -> str:
    return f"02:1a:00:00:00:{node_id:02x}"
