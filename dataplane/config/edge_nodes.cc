#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>

#include "dataplane/base/check.h"
#include "dataplane/base/limits.h"
#include "dataplane/config/edge_sections.h"

namespace izar {
namespace {

constexpr std::uint64_t kMostNodeId = 65535;

constexpr ItemKey kNodeKeys[] = {
    {"id", "required", "1 to 65535", "Unique."},
    {"name", "required", "a name", "Unique."},
    {"region", "none", "a name", "Nodes of one region form a group."},
    {"address", "required", "a host address",
     "Where its overlay packets go, unique. The overlay's port needs an address of the same family. For this node: one "
     "of "
     "that port's addresses; left out, its first of the family that the peers use."},
};

// What must be unique over the fleet, with the path where it stood first.
struct Taken {
    std::unordered_map<std::uint16_t, std::string> ids;
    std::unordered_map<std::string, std::string> names;
    std::unordered_map<std::string, std::string> addresses;
};

template <typename Key>
bool claim(std::unordered_map<Key, std::string>& taken, const Key& key, const YamlCursor& at, std::string_view shown) {
    const auto [entry, is_new] = taken.emplace(key, at.path());
    if (!is_new) {
        at.problem(fmt::format("'{}' is used by {} already; every node needs its own", shown, entry->second));
    }
    return is_new;
}

// A node of the list; its address stays unspecified where it is left out. False: a problem was told about.
bool read_node(const YamlCursor& item, Taken& taken, FleetNode& node) {
    const auto keys = item.map(words_of(kNodeKeys));
    if (!keys) {
        return false;
    }
    bool good = true;
    const auto id_key = keys->need("id");
    const auto id = id_key ? id_key->integer(1, kMostNodeId) : std::nullopt;
    if (id) {
        node.id = NodeId{static_cast<std::uint16_t>(*id)};
        good &= claim(taken.ids, raw(node.id), *id_key, std::to_string(*id));
    }
    const auto name_key = keys->need("name");
    const auto name = name_key ? name_key->name() : std::nullopt;
    if (name) {
        copy_name(*name, node.name);
        good &= claim(taken.names, *name, *name_key, *name);
    }
    if (const auto region_key = keys->find("region")) {
        if (const auto region = region_key->name()) {
            copy_name(*region, node.region);
        }
    }
    if (const auto address_key = keys->find("address")) {
        const auto address = read_host_address(*address_key);
        good &= address.has_value();
        if (address) {
            node.overlay_address = *address;
            good &= claim(taken.addresses, address->text(), *address_key, address->text());
        }
    }
    return good && id && name;
}

bool port_has(const PortConfig& port, const IpAddress& address) {
    return std::any_of(port.addresses.begin(), port.addresses.end(),
                       [&](const InterfaceAddress& a) { return a.address == address; });
}

// The overlay port's first address of the family, or nullptr.
const IpAddress* first_address(const PortConfig& port, Family family) {
    for (const InterfaceAddress& own : port.addresses) {
        if (own.address.family() == family) {
            return &own.address;
        }
    }
    return nullptr;
}

// The own entry's address must be the overlay port's; left out, it is that port's first address of the
// family that the peers use.
void check_own_address(const YamlCursor& entry, EdgeConfig& config, FleetNode& own, const PortConfig& port) {
    if (!own.overlay_address.is_unspecified()) {
        if (!port_has(port, own.overlay_address)) {
            entry.problem(
                fmt::format("address '{}' of this node is not one of port '{}', which carries the overlay; "
                            "give one of that port's addresses",
                            own.overlay_address.text(), port.name));
        }
        return;
    }
    Family family = port.addresses.empty() ? Family::ipv4 : port.addresses.front().address.family();
    for (const FleetNode& node : config.nodes) {
        if (!node.overlay_address.is_unspecified()) {
            family = node.overlay_address.family();
            break;
        }
    }
    if (const IpAddress* address = first_address(port, family)) {
        own.overlay_address = *address;
    }
}

// A link's outer source is the overlay port's address of the peer's family, so there must be one.
void check_peer_address(const YamlCursor& entry, const FleetNode& peer, const PortConfig& port) {
    if (peer.overlay_address.is_unspecified()) {
        entry.problem("lacks the key 'address'; give the address that this node's overlay packets go to");
    } else if (first_address(port, peer.overlay_address.family()) == nullptr) {
        entry.problem(
            fmt::format("address '{}' is {}, but port '{}', which carries the overlay, has no {} address; "
                        "add one to the port or use the other family here",
                        peer.overlay_address.text(), family_name(peer.overlay_address.family()), port.name,
                        family_name(peer.overlay_address.family())));
    }
}

// `node:` must name an entry of the list, by both its id and its name.
void check_own_entry(const YamlCursor& own, const EdgeConfig& config) {
    if (config.name.empty() || config.id == kNoNode) {
        return;
    }
    const auto by_name = std::find_if(config.nodes.begin(), config.nodes.end(),
                                      [&](const FleetNode& n) { return n.name == config.name; });
    if (by_name == config.nodes.end()) {
        own.problem(fmt::format("'{}' is not in 'nodes'; add this node to that list", config.name));
    } else if (by_name->id != config.id) {
        own.problem(fmt::format("'{}' has id {} here and id {} in 'nodes'; make them equal", config.name,
                                raw(config.id), raw(by_name->id)));
    }
}

}  // namespace

void copy_name(const std::string& from, char (&to)[kNameLength]) {
    CHECK(from.size() < kNameLength);
    std::memcpy(to, from.c_str(), from.size() + 1);
}

std::optional<IpAddress> read_host_address(const YamlCursor& cursor) {
    const auto address = cursor.parsed([](std::string_view t) { return IpAddress::parse(t); });
    if (address && !is_host_address(*address)) {
        cursor.problem(no_host_address(*address));
        return std::nullopt;
    }
    return address;
}

std::span<const ItemKey> node_keys() {
    return kNodeKeys;
}

void read_nodes(const YamlCursor& nodes, const YamlCursor& own, const SoundParts& sound, EdgeConfig& config) {
    Taken taken;
    bool all_good = true;
    std::vector<YamlCursor> entries;  // of config.nodes, index by index
    for (const YamlCursor& item : nodes.list(kMaxNodes)) {
        FleetNode node;
        if (read_node(item, taken, node)) {
            config.nodes.push_back(node);
            entries.push_back(item);
        } else {
            all_good = false;
        }
    }
    if (all_good && (nodes.kind() == YamlKind::sequence || nodes.kind() == YamlKind::null)) {
        check_own_entry(own, config);
    }
    const PortConfig* port = overlay_port(config);
    if (port == nullptr || !sound.ports || !all_good) {
        return;
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (config.nodes[i].name == config.name) {
            check_own_address(entries[i], config, config.nodes[i], *port);
        } else {
            check_peer_address(entries[i], config.nodes[i], *port);
        }
    }
}

}  // namespace izar
