#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

#include "dataplane/base/limits.h"
#include "dataplane/config/edge_sections.h"

namespace izar {
namespace {

constexpr std::uint64_t kMostServiceId = 0xFFFFFF;  // the GENEVE VNI has 24 bits
constexpr std::uint64_t kMostWeight = 65535;
constexpr Nanos kLeastTimeout = std::chrono::seconds{1};
constexpr Nanos kMostTimeout = std::chrono::hours{24};

constexpr ItemKey kServiceKeys[] = {
    {"id", "required", "1 to 16777215", "Unique; travels as the GENEVE VNI."},
    {"name", "required", "a name", "Unique."},
    {"vip", "required", "a host address",
     "What clients connect to; no egress address of this node and no node's overlay address."},
    {"protocol", "required", "tcp, udp, icmp", "`icmp` is echo."},
    {"ports", "required", "`80`, `8000-8099` or `any`",
     "Not for icmp. No two services have the same vip, protocol and ports; where ranges overlap, the narrowest wins."},
    {"egress", "required", "a list of 1 to 64 names under `nodes`, or [egresses](#egresses-and-origins)",
     "Nodes near the origins, none twice, one with a weight above 0. If it names this node, this node needs an egress "
     "address of the vip's family."},
    {"origins", "required", "a list of 1 to 64 [origins](#egresses-and-origins)",
     "The servers behind the vip, one with a weight above 0."},
    {"duplicate", "`false`", "true, false",
     "`true` sends each packet, requests and replies, over two disjoint paths and delivers the copy that comes first: "
     "a "
     "cut loses nothing, at twice the traffic and 12 bytes less for each packet. Where there is one path only, it "
     "travels once. Set it on all nodes."},
    {"timeouts", "see [there](#timeouts)", "a map", "Idle time after which a flow is forgotten."},
};
constexpr ItemKey kEgressKeys[] = {
    {"node", "required", "a name under `nodes`", "Where flows leave the overlay."},
    {"weight", "`1`", "0 to 65535", "Its part of the flows; 0: none."},
};
constexpr ItemKey kOriginKeys[] = {
    {"address", "required", "a host address", "Of the vip's family, not the vip."},
    {"port", "the one that the client asked for", "1 to 65535", "Not for icmp."},
    {"weight", "`1`", "0 to 65535", "Its part of the flows; 0: none."},
};
constexpr ItemKey kTimeoutKeys[] = {
    {"tcp_opening", "`10s`", "a duration, 1s to 24h", "SYN seen, no answer yet."},
    {"tcp_established", "`15m`", "a duration, 1s to 24h", "Open connections."},
    {"tcp_closing", "`30s`", "a duration, 1s to 24h", "FIN or RST seen."},
    {"udp", "`60s`", "a duration, 1s to 24h", "UDP flows."},
    {"icmp", "`10s`", "a duration, 1s to 24h", "Echo identifiers."},
};

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
};

// "80", "8000-8099" or "any".
Result<PortRange> parse_port_range(std::string_view text) {
    if (text == "any") {
        return PortRange{0, 65535};
    }
    const auto wrong = [&] {
        return fail(fmt::format("'{}' is not a port; write 80, 8000-8099 or any (ports are 1 to 65535)", text));
    };
    PortRange range;
    const char* last = text.data() + text.size();
    const auto [middle, first_code] = std::from_chars(text.data(), last, range.first);
    if (first_code != std::errc{} || range.first == 0) {
        return wrong();
    }
    range.last = range.first;
    if (middle == last) {
        return range;
    }
    const auto [end, last_code] = std::from_chars(middle + 1, last, range.last);
    if (*middle != '-' || last_code != std::errc{} || end != last) {
        return wrong();
    }
    if (range.last < range.first) {
        return fail(fmt::format("'{}' ends before it begins; write the smaller port first", text));
    }
    return range;
}

// The node names of the fleet, for looking up and for guessing what was meant.
class NodeNames {
  public:
    NodeNames(const EdgeConfig& config, const SoundParts& sound) : complete_(sound.nodes) {
        for (const FleetNode& node : config.nodes) {
            ids_.emplace(node.name, node.id);
            names_.emplace_back(node.name);
        }
    }
    std::optional<NodeId> find(const YamlCursor& at) const {
        const auto name = at.name();
        if (!name) {
            return std::nullopt;
        }
        const auto found = ids_.find(*name);
        if (found != ids_.end()) {
            return found->second;
        }
        if (!complete_) {
            return std::nullopt;
        }
        const std::string_view meant = nearest_word(*name, names_);
        at.problem(fmt::format(
            "'{}' is no node of this file; {}", *name,
            meant.empty() ? "give the name of one under 'nodes'" : fmt::format("did you mean '{}'?", meant)));
        return std::nullopt;
    }

  private:
    std::unordered_map<std::string_view, NodeId> ids_;
    std::vector<std::string_view> names_;
    bool complete_;
};

void read_weight(const YamlMap& keys, std::uint32_t& weight) {
    if (const auto given = keys.find("weight")) {
        assign(weight, given->integer(0, kMostWeight));
    }
}

// Entries are a node's name, or a map of node and weight.
void read_egresses(const YamlCursor& list, const NodeNames& names, Service& service) {
    const auto items = list.list(kMaxEgresses);
    std::size_t wrong = 0;
    for (const YamlCursor& item : items) {
        Egress egress;
        std::optional<NodeId> node;
        if (item.kind() == YamlKind::map) {
            if (const auto keys = item.map(words_of(kEgressKeys))) {
                const auto named = keys->need("node");
                node = named ? names.find(*named) : std::nullopt;
                read_weight(*keys, egress.weight);
            }
        } else {
            node = names.find(item);
        }
        if (!node) {
            ++wrong;
            continue;
        }
        egress.node = *node;
        const auto same = [&](const Egress& e) { return e.node == *node; };
        if (std::any_of(service.egresses.begin(), service.egresses.end(), same)) {
            item.problem("names a node that stands there already; keep one");
            continue;
        }
        service.egresses.push_back(egress);
    }
    const auto works = [](const Egress& e) { return e.weight > 0; };
    const bool readable = list.kind() == YamlKind::sequence || list.kind() == YamlKind::null;
    if (readable && wrong == 0 && std::none_of(service.egresses.begin(), service.egresses.end(), works)) {
        list.problem("names no egress with a weight above 0; give the nodes near the origins");
    }
}

void check_origin_family(const YamlCursor& at, const Service& service, const IpAddress& origin) {
    if (service.vip.is_unspecified() || origin.family() == service.vip.family()) {
        return;
    }
    at.problem(
        fmt::format("'{}' is {}, the service's vip is {}; translation between families is not supported, give "
                    "the service a vip of the origins' family",
                    origin.text(), family_name(origin.family()), family_name(service.vip.family())));
}

void read_origins(const YamlCursor& list, Service& service) {
    std::size_t wrong = 0;
    for (const YamlCursor& item : list.list(kMaxOrigins)) {
        const auto keys = item.map(words_of(kOriginKeys));
        const auto address_key = keys ? keys->need("address") : std::nullopt;
        const auto address = address_key ? read_host_address(*address_key) : std::nullopt;
        if (!address) {
            ++wrong;
            continue;
        }
        check_origin_family(*address_key, service, *address);
        if (*address == service.vip) {
            address_key->problem("is the service's own vip; give the address of a server behind it");
        }
        Origin origin{.address = *address};
        read_weight(*keys, origin.weight);
        if (const auto port = keys->find("port")) {
            if (service.transport == Transport::icmp) {
                port->problem("icmp has no ports; leave the key out");
            } else {
                assign(origin.port, port->integer(1, 65535));
            }
        }
        const auto same = [&](const Origin& o) { return o.address == origin.address && o.port == origin.port; };
        if (std::any_of(service.origins.begin(), service.origins.end(), same)) {
            item.problem("is an origin that stands there already; keep one, with the sum of their weights");
            continue;
        }
        service.origins.push_back(origin);
    }
    const auto works = [](const Origin& o) { return o.weight > 0; };
    const bool readable = list.kind() == YamlKind::sequence || list.kind() == YamlKind::null;
    if (readable && wrong == 0 && std::none_of(service.origins.begin(), service.origins.end(), works)) {
        list.problem("names no origin with a weight above 0; give at least one server");
    }
}

void read_timeouts(const YamlCursor& timeouts, FlowTimeouts& out) {
    const auto keys = timeouts.map(words_of(kTimeoutKeys));
    if (!keys) {
        return;
    }
    const std::pair<std::string_view, Nanos*> fields[] = {
        {"tcp_opening", &out.tcp_opening},
        {"tcp_established", &out.tcp_established},
        {"tcp_closing", &out.tcp_closing},
        {"udp", &out.udp},
        {"icmp", &out.icmp},
    };
    for (const auto& [key, field] : fields) {
        if (const auto given = keys->find(key)) {
            assign(*field, given->duration(kLeastTimeout, kMostTimeout));
        }
    }
}

void read_service_ports(const YamlMap& keys, Service& service) {
    if (service.transport == Transport::icmp) {
        if (const auto ports = keys.find("ports")) {
            ports->problem("icmp has no ports; leave the key out");
        }
        return;
    }
    const auto ports = keys.need("ports", "write 80, 8000-8099 or any");
    if (const auto range = ports ? ports->parsed(parse_port_range) : std::nullopt) {
        service.first_port = range->first;
        service.last_port = range->last;
    }
}

// An egress that is this node translates to its own egress addresses, so it needs one of the family.
void check_own_egress(const YamlCursor& at, const Service& service, const EdgeConfig& config) {
    const auto is_own = [&](const Egress& e) { return e.node == config.id && config.id != kNoNode; };
    if (service.vip.is_unspecified() || std::none_of(service.egresses.begin(), service.egresses.end(), is_own)) {
        return;
    }
    const auto fits = [&](const IpAddress& a) { return a.family() == service.vip.family(); };
    if (std::none_of(config.egress_addresses.begin(), config.egress_addresses.end(), fits)) {
        at.problem(fmt::format("names this node, which has no {} egress address; add one to 'egress_addresses'",
                               family_name(service.vip.family())));
    }
}

// A VIP that is also an address of the overlay or of translation would be answered twice.
void check_vip(const YamlCursor& at, const IpAddress& vip, const EdgeConfig& config) {
    const auto& egress = config.egress_addresses;
    if (std::find(egress.begin(), egress.end(), vip) != egress.end()) {
        at.problem(fmt::format("'{}' is an egress address of this node too; choose another vip", vip.text()));
    }
    for (const FleetNode& node : config.nodes) {
        if (node.overlay_address == vip) {
            at.problem(
                fmt::format("'{}' is the overlay address of node '{}' too; choose another vip", vip.text(), node.name));
        }
    }
}

Service read_service(const YamlMap& keys, const NodeNames& names, const SoundParts& sound, const EdgeConfig& config) {
    Service service;
    if (const auto id = keys.need("id")) {
        assign(service.id, id->integer(1, kMostServiceId));
    }
    if (const auto name_key = keys.need("name")) {
        if (const auto name = name_key->name()) {
            copy_name(*name, service.name);
        }
    }
    if (const auto protocol = keys.need("protocol", "write tcp, udp or icmp")) {
        assign(service.transport, protocol->word({"tcp", "udp", "icmp"}));
    }
    if (const auto vip_key = keys.need("vip", "give the address that clients connect to")) {
        if (assign(service.vip, read_host_address(*vip_key))) {
            check_vip(*vip_key, service.vip, config);
        }
    }
    read_service_ports(keys, service);
    if (const auto egress = keys.need("egress", "name the nodes near the origins")) {
        read_egresses(*egress, names, service);
        if (sound.ports && sound.egress_addresses && sound.nodes) {
            check_own_egress(*egress, service, config);
        }
    }
    if (const auto origins = keys.need("origins", "give the servers behind the vip")) {
        read_origins(*origins, service);
    }
    if (const auto duplicate = keys.find("duplicate")) {
        assign(service.duplicate, duplicate->word({"false", "true"}));
    }
    if (const auto timeouts = keys.find("timeouts")) {
        read_timeouts(*timeouts, service.timeouts);
    }
    return service;
}

}  // namespace

std::span<const ItemKey> service_keys() {
    return kServiceKeys;
}

std::span<const ItemKey> egress_keys() {
    return kEgressKeys;
}

std::span<const ItemKey> origin_keys() {
    return kOriginKeys;
}

std::span<const ItemKey> timeout_keys() {
    return kTimeoutKeys;
}

void read_services(const YamlCursor& services, const SoundParts& sound, EdgeConfig& config) {
    const NodeNames names(config, sound);
    std::map<std::string, std::string> taken;  // what must be unique, with the path that has it
    const auto claim = [&](const std::string& key, const YamlCursor& at, std::string_view what) {
        const auto [entry, is_new] = taken.emplace(key, at.path());
        if (!is_new) {
            at.problem(fmt::format("has the same {} as {}; every service needs its own", what, entry->second));
        }
    };
    for (const YamlCursor& item : services.list(kMaxServices)) {
        const auto keys = item.map(words_of(kServiceKeys));
        if (!keys) {
            continue;
        }
        Service service = read_service(*keys, names, sound, config);
        if (service.id != kNoService) {
            claim(fmt::format("id {}", raw(service.id)), item, "id");
        }
        if (service.name[0] != '\0') {
            claim(fmt::format("name {}", service.name), item, "name");
        }
        const bool has_ports = service.transport == Transport::icmp || service.last_port != 0;
        if (!service.vip.is_unspecified() && has_ports) {
            claim(fmt::format("vip {} {} {}-{}", service.vip.text(), raw(service.transport), service.first_port,
                              service.last_port),
                  item, "vip, protocol and ports");
        }
        config.services.push_back(std::move(service));
    }
}

}  // namespace izar
