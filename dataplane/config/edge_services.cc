#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "dataplane/base/limits.h"
#include "dataplane/config/edge_sections.h"
#include "dataplane/tables/service_rules.h"

namespace izar {
namespace {

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

// Where the parts of a service stand, for what is said of it as a whole. Of a part that was left out or could not be
// read a problem was told already: it has no place here.
struct ServicePlaces {
    std::optional<YamlCursor> ports;
    std::optional<YamlCursor> egresses;
    std::vector<YamlCursor> egress;  // as in Service::egresses
    std::optional<YamlCursor> origins;
    std::vector<YamlCursor> origin;  // as in Service::origins
    std::vector<YamlCursor> origin_address;
    std::vector<std::optional<YamlCursor>> origin_port;

    std::optional<YamlCursor> of(const ServiceProblem& problem) const {
        switch (problem.part) {
            case ServicePart::ports:
                return ports;
            case ServicePart::egresses:
                return egresses;
            case ServicePart::egress:
                return egress[problem.item];
            case ServicePart::origins:
                return origins;
            case ServicePart::origin:
                return origin[problem.item];
            case ServicePart::origin_address:
                return origin_address[problem.item];
            case ServicePart::origin_port:
                return origin_port[problem.item];
            case ServicePart::vip:
            case ServicePart::timeouts:
                break;  // read within their bounds
        }
        return std::nullopt;
    }
};

bool is_list(const YamlCursor& at) {
    return at.kind() == YamlKind::sequence || at.kind() == YamlKind::null;
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
void read_egresses(const YamlCursor& list, const NodeNames& names, Service& service, ServicePlaces& places) {
    bool all_good = is_list(list);
    for (const YamlCursor& item : list.list(kMaxEgresses)) {
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
            all_good = false;
            continue;
        }
        egress.node = *node;
        service.egresses.push_back(egress);
        places.egress.push_back(item);
    }
    if (all_good) {
        places.egresses = list;
    }
}

void read_origins(const YamlCursor& list, Service& service, ServicePlaces& places) {
    bool all_good = is_list(list);
    for (const YamlCursor& item : list.list(kMaxOrigins)) {
        const auto keys = item.map(words_of(kOriginKeys));
        const auto address_key = keys ? keys->need("address") : std::nullopt;
        const auto address = address_key ? read_host_address(*address_key) : std::nullopt;
        if (!address) {
            all_good = false;
            continue;
        }
        Origin origin{.address = *address};
        read_weight(*keys, origin.weight);
        const auto port = keys->find("port");
        if (port) {
            assign(origin.port, port->integer(1, 65535));
        }
        service.origins.push_back(origin);
        places.origin.push_back(item);
        places.origin_address.push_back(*address_key);
        places.origin_port.push_back(port);
    }
    if (all_good) {
        places.origins = list;
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
            assign(*field, given->duration(kLeastFlowTimeout, kMostFlowTimeout));
        }
    }
}

// Requires the protocol.
void read_service_ports(const YamlMap& keys, Service& service, ServicePlaces& places) {
    const auto ports =
        service.transport == Transport::icmp ? keys.find("ports") : keys.need("ports", "write 80, 8000-8099 or any");
    if (const auto range = ports ? ports->parsed(parse_port_range) : std::nullopt) {
        service.first_port = range->first;
        service.last_port = range->last;
        places.ports = ports;
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

Service read_service(const YamlMap& keys, const NodeNames& names, const SoundParts& sound, const EdgeConfig& config) {
    Service service;
    ServicePlaces places;
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
            if (const auto conflict = vip_conflict(service.vip, config.nodes, config.egress_addresses)) {
                vip_key->problem(*conflict);
            }
        }
    }
    read_service_ports(keys, service, places);
    if (const auto egress = keys.need("egress", "name the nodes near the origins")) {
        read_egresses(*egress, names, service, places);
        if (sound.ports && sound.egress_addresses && sound.nodes) {
            check_own_egress(*egress, service, config);
        }
    }
    if (const auto origins = keys.need("origins", "give the servers behind the vip")) {
        read_origins(*origins, service, places);
    }
    if (const auto duplicate = keys.find("duplicate")) {
        assign(service.duplicate, duplicate->word({"false", "true"}));
    }
    if (const auto timeouts = keys.find("timeouts")) {
        read_timeouts(*timeouts, service.timeouts);
    }
    for (const ServiceProblem& problem : service_problems(service, NoEgress::refused)) {
        if (const auto place = places.of(problem)) {
            place->problem(problem.text);
        }
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
