#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "dataplane/base/limits.h"
#include "dataplane/config/edge_sections.h"
#include "dataplane/wire/overlay.h"

namespace izar {
namespace {

constexpr std::size_t kLongestDevice = 255;    // bytes; DPDK's RTE_DEV_NAME_MAX_LEN is for the part before ','
constexpr std::size_t kLongestInterface = 15;  // IFNAMSIZ - 1, linux/if.h
constexpr std::uint64_t kLeastMtu = 1280;      // RFC 8200 section 5
constexpr std::uint64_t kMostMtu = 9000;

constexpr ItemKey kPortKeys[] = {
    {"name", "required", "a name", "Unique."},
    {"device", "required", "text",
     "DPDK device, unique: `net_af_packet,iface=eth1`, `net_af_xdp,iface=eth1`, `0000:3b:00.0`."},
    {"mtu", "`1500`", "1280 to 9000",
     "Bytes of an IP packet; the overlay's port needs 1,388 (1,368 without IPv6 addresses)."},
    {"addresses", "required", "a list of addresses with prefix lengths",
     "This node's own: `10.0.0.1/24`; at most 32 over all ports, none twice."},
    {"gateways", "none", "a list of host addresses",
     "Next hop for what is not on-link; at most one a family, in a network of the port's addresses."},
    {"exception_tap", "none", "text of at most 15 bytes", "Kernel interface that gets what is not izar's."},
};

bool has_family(const PortConfig& port, Family family) {
    return std::any_of(port.addresses.begin(), port.addresses.end(),
                       [&](const InterfaceAddress& a) { return a.address.family() == family; });
}

bool is_host_part(const InterfaceAddress& own) {
    const bool v4 = own.address.family() == Family::ipv4;
    const unsigned host_bits = (v4 ? 32U : 128U) - own.prefix_bits;
    if (host_bits < 2) {
        return true;  // point-to-point and single addresses: RFC 3021, RFC 6164
    }
    bool all_zero = true;
    bool all_one = true;
    for (unsigned i = own.prefix_bits; i < own.prefix_bits + host_bits; ++i) {
        const bool one = ((own.address.bytes()[i / 8] >> (7 - i % 8)) & 1) != 0;
        all_zero = all_zero && !one;
        all_one = all_one && one;
    }
    return !all_zero && !(v4 && all_one);
}

// False: not all could be read.
bool read_addresses(const YamlCursor& list, PortConfig& port) {
    bool good = true;
    for (const YamlCursor& item : list.list(kMaxLocalAddresses)) {
        const auto own = item.parsed([](std::string_view t) { return InterfaceAddress::parse(t); });
        if (!own) {
            good = false;
            continue;
        }
        if (!is_host_address(own->address) || !is_host_part(*own)) {
            item.problem(
                fmt::format("'{}' is not an address a host can have; give this node's own address in that "
                            "network, with its prefix length",
                            own->text()));
            good = false;
            continue;
        }
        port.addresses.push_back(*own);
    }
    if (good && port.addresses.empty() && list.kind() != YamlKind::scalar && list.kind() != YamlKind::map) {
        list.problem("is empty; give at least one address with its prefix length, like 10.0.0.1/24");
    }
    return good && !port.addresses.empty();
}

void read_gateways(const YamlCursor& list, bool addresses_good, PortConfig& port) {
    for (const YamlCursor& item : list.list(2)) {
        const auto gateway = read_host_address(item);
        if (!gateway) {
            continue;
        }
        const auto same_family = [&](const IpAddress& g) { return g.family() == gateway->family(); };
        if (std::any_of(port.gateways.begin(), port.gateways.end(), same_family)) {
            item.problem(
                fmt::format("is a second {} gateway; give at most one a family", family_name(gateway->family())));
            continue;
        }
        const auto on_link = [&](const InterfaceAddress& a) { return a.contains(*gateway); };
        if (addresses_good && std::none_of(port.addresses.begin(), port.addresses.end(), on_link)) {
            item.problem(fmt::format("'{}' is in no network of this port's addresses; give a neighbour on the link",
                                     gateway->text()));
            continue;
        }
        const auto own = [&](const InterfaceAddress& a) { return a.address == *gateway; };
        if (std::any_of(port.addresses.begin(), port.addresses.end(), own)) {
            item.problem(fmt::format("'{}' is this port's own address; give the router's", gateway->text()));
            continue;
        }
        port.gateways.push_back(*gateway);
    }
}

PortConfig read_port(const YamlMap& keys) {
    PortConfig port;
    if (const auto name = keys.need("name")) {
        assign(port.name, name->name());
    }
    if (const auto device = keys.need("device", "name a DPDK device, like \"net_af_packet,iface=eth1\"")) {
        assign(port.device, device->text(kLongestDevice));
    }
    if (const auto mtu = keys.find("mtu")) {
        assign(port.mtu, mtu->integer(kLeastMtu, kMostMtu));
    }
    bool addresses_good = false;
    if (const auto addresses = keys.need("addresses", "give this node's own addresses on the port")) {
        addresses_good = read_addresses(*addresses, port);
    }
    if (const auto gateways = keys.find("gateways")) {
        read_gateways(*gateways, addresses_good, port);
    }
    if (const auto tap = keys.find("exception_tap")) {
        assign(port.exception_tap, tap->text(kLongestInterface));
        if (port.exception_tap.find_first_of("/ :") != std::string::npos) {
            tap->problem("is not a kernel interface name; leave out '/', ':' and blanks");
        }
    }
    return port;
}

// Tells whether `value` is new; if not, adds a problem that names where it stood first.
class FirstSeen {
  public:
    bool insert(const std::string& value, const YamlCursor& at) {
        const auto [entry, is_new] = seen_.emplace(value, at.path());
        if (!is_new && !value.empty()) {
            at.problem(fmt::format("'{}' is used by {} already; choose another", value, entry->second));
        }
        return is_new;
    }

  private:
    std::map<std::string, std::string> seen_;
};

}  // namespace

std::span<const ItemKey> port_keys() {
    return kPortKeys;
}

void read_ports(const YamlCursor& ports, EdgeConfig& config) {
    const auto items = ports.list(kMaxPorts);
    if (items.empty() && (ports.kind() == YamlKind::null || ports.kind() == YamlKind::sequence)) {
        ports.problem(fmt::format("needs 1 to {} ports", kMaxPorts));
    }
    FirstSeen names;
    FirstSeen devices;
    FirstSeen taps;
    FirstSeen addresses;
    std::size_t address_count = 0;
    for (const YamlCursor& item : items) {
        const auto keys = item.map(words_of(kPortKeys));
        if (!keys) {
            continue;
        }
        PortConfig port = read_port(*keys);
        names.insert(port.name, keys->find("name").value_or(item));
        devices.insert(port.device, keys->find("device").value_or(item));
        if (!port.exception_tap.empty()) {
            taps.insert(port.exception_tap, keys->find("exception_tap").value_or(item));
        }
        for (const InterfaceAddress& own : port.addresses) {
            addresses.insert(own.address.text(), keys->find("addresses").value_or(item));
        }
        address_count += port.addresses.size();
        config.ports.push_back(std::move(port));
    }
    if (address_count > kMaxLocalAddresses) {
        ports.problem(
            fmt::format("have {} addresses together; at most {} are supported", address_count, kMaxLocalAddresses));
    }
}

const PortConfig* overlay_port(const EdgeConfig& config) {
    for (const PortConfig& port : config.ports) {
        if (port.name == config.overlay_port && !port.name.empty()) {
            return &port;
        }
    }
    return nullptr;
}

void read_overlay_port(const YamlCursor& given, const SoundParts& sound, EdgeConfig& config) {
    const auto name = given.name();
    if (!name) {
        return;
    }
    config.overlay_port = *name;
    if (!sound.ports) {
        return;
    }
    const PortConfig* port = overlay_port(config);
    if (port == nullptr) {
        std::vector<std::string_view> known;
        for (const PortConfig& each : config.ports) {
            known.push_back(each.name);
        }
        const std::string_view meant = nearest_word(*name, known);
        given.problem(fmt::format(
            "'{}' is no port of this file; {}", *name,
            meant.empty() ? "give the name of one under 'ports'" : fmt::format("did you mean '{}'?", meant)));
        return;
    }
    const Family larger = has_family(*port, Family::ipv6) ? Family::ipv6 : Family::ipv4;
    const std::size_t least = kLeastMtu + overlay_overhead(larger);
    if (port->mtu < least) {
        given.problem(
            fmt::format("'{}' has mtu {}; an overlay port needs at least {}, so that IPv6 packets of {} "
                        "bytes fit into the overlay",
                        *name, port->mtu, least, kLeastMtu));
    }
}

void choose_egress_addresses(EdgeConfig& config) {
    for (const PortConfig& port : config.ports) {
        for (const Family family : {Family::ipv4, Family::ipv6}) {
            const auto first = std::find_if(port.addresses.begin(), port.addresses.end(),
                                            [&](const auto& a) { return a.address.family() == family; });
            if (port.name != config.overlay_port && first != port.addresses.end()) {
                config.egress_addresses.push_back(first->address);
            }
        }
    }
}

void read_egress_addresses(const YamlCursor& given, const SoundParts& sound, EdgeConfig& config) {
    std::map<Family, std::size_t> count;
    for (const YamlCursor& item : given.list(2 * kMaxEgressAddresses)) {
        const auto address = read_host_address(item);
        if (!address) {
            continue;
        }
        const auto owns = [&](const PortConfig& port) {
            return std::any_of(port.addresses.begin(), port.addresses.end(),
                               [&](const InterfaceAddress& a) { return a.address == *address; });
        };
        auto& seen = config.egress_addresses;
        if (sound.ports && std::none_of(config.ports.begin(), config.ports.end(), owns)) {
            item.problem(
                fmt::format("'{}' is no address of a port; add it to the addresses of the port towards the "
                            "origins",
                            address->text()));
        } else if (std::find(seen.begin(), seen.end(), *address) != seen.end()) {
            item.problem(fmt::format("'{}' stands there already; keep one", address->text()));
        } else if (++count[address->family()] > kMaxEgressAddresses) {
            item.problem(fmt::format("is one too many; at most {} {} addresses are supported", kMaxEgressAddresses,
                                     family_name(address->family())));
        } else {
            seen.push_back(*address);
        }
    }
}

}  // namespace izar
