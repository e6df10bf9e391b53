#include "dataplane/config/edge_config_text.h"

#include <fmt/format.h>

#include "dataplane/config/duration.h"
#include "dataplane/config/edge_keys.h"
#include "dataplane/config/edge_sections.h"

namespace izar {
namespace {

template <typename Items>
std::string list_text(const Items& items) {
    std::string out;
    for (const auto& item : items) {
        out += fmt::format("{}{}", out.empty() ? "" : ", ", yaml_quoted(item.text()));
    }
    return "[" + out + "]";
}

std::string_view transport_text(Transport transport) {
    switch (transport) {
        case Transport::tcp:
            return "tcp";
        case Transport::udp:
            return "udp";
        case Transport::icmp:
            return "icmp";
    }
    return "?";
}

std::string port_text(const PortConfig& port) {
    std::string out =
        fmt::format("  - name: {}\n    device: {}\n    mtu: {}\n    addresses: {}", yaml_quoted(port.name),
                    yaml_quoted(port.device), port.mtu, list_text(port.addresses));
    if (!port.gateways.empty()) {
        out += fmt::format("\n    gateways: {}", list_text(port.gateways));
    }
    if (!port.exception_tap.empty()) {
        out += fmt::format("\n    exception_tap: {}", yaml_quoted(port.exception_tap));
    }
    return out;
}

std::string node_text(const FleetNode& node) {
    std::string out = fmt::format("  - {{id: {}, name: {}", raw(node.id), yaml_quoted(node.name));
    if (node.region[0] != '\0') {
        out += fmt::format(", region: {}", yaml_quoted(node.region));
    }
    return out + fmt::format(", address: {}}}", yaml_quoted(node.overlay_address.text()));
}

std::string_view name_of(const EdgeConfig& config, NodeId id) {
    for (const FleetNode& node : config.nodes) {
        if (node.id == id) {
            return node.name;
        }
    }
    return "?";
}

std::string service_text(const EdgeConfig& config, const Service& service) {
    std::string out =
        fmt::format("  - id: {}\n    name: {}\n    vip: {}\n    protocol: {}\n", raw(service.id),
                    yaml_quoted(service.name), yaml_quoted(service.vip.text()), transport_text(service.transport));
    if (service.transport != Transport::icmp) {
        out += fmt::format("    ports: {}\n", port_range_text(service.first_port, service.last_port));
    }
    out += "    egress:\n";
    for (const Egress& egress : service.egresses) {
        out +=
            fmt::format("      - {{node: {}, weight: {}}}\n", yaml_quoted(name_of(config, egress.node)), egress.weight);
    }
    out += "    origins:\n";
    for (const Origin& origin : service.origins) {
        const std::string port = origin.port == 0 ? "" : fmt::format(", port: {}", origin.port);
        out += fmt::format("      - {{address: {}{}, weight: {}}}\n", yaml_quoted(origin.address.text()), port,
                           origin.weight);
    }
    out += service.duplicate ? "    duplicate: true\n" : "";
    const FlowTimeouts& t = service.timeouts;
    return out +
           fmt::format("    timeouts: {{tcp_opening: {}, tcp_established: {}, tcp_closing: {}, udp: {}, icmp: {}}}",
                       duration_text(t.tcp_opening), duration_text(t.tcp_established), duration_text(t.tcp_closing),
                       duration_text(t.udp), duration_text(t.icmp));
}

}  // namespace

std::vector<std::string> changed_edge_keys(const EdgeConfig& before, const EdgeConfig& after) {
    EdgeConfig old_one = before;
    EdgeConfig new_one = after;
    return changed_keys(edge_keys(old_one), edge_keys(new_one), false);
}

std::string addresses_text(std::span<const IpAddress> addresses) {
    return list_text(addresses);
}

// Items of a list, each as lines of their own.
std::string ports_text(const EdgeConfig& config) {
    std::string out;
    for (const PortConfig& port : config.ports) {
        out += fmt::format("\n{}", port_text(port));
    }
    return out.empty() ? "[]" : out;
}

std::string nodes_text(const EdgeConfig& config) {
    std::string out;
    for (const FleetNode& node : config.nodes) {
        out += fmt::format("\n{}", node_text(node));
    }
    return out.empty() ? "[]" : out;
}

std::string services_text(const EdgeConfig& config) {
    std::string out;
    for (const Service& service : config.services) {
        out += fmt::format("\n{}", service_text(config, service));
    }
    return out.empty() ? "[]" : out;
}

std::string probes_text(const EdgeConfig& config) {
    std::string out;
    for (const StampSession& session : config.probes) {
        out += fmt::format("\n  - {{peer: {}, port: {}, interval: {}, count: {}}}", yaml_quoted(session.peer.text()),
                           session.port, duration_text(session.interval), session.count);
    }
    return out.empty() ? "[]" : out;
}

std::string port_range_text(std::uint16_t first, std::uint16_t last) {
    if (first == 0) {
        return "any";
    }
    return first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
}

std::string_view security_text(SecurityMode mode) {
    return mode == SecurityMode::none ? "none" : "aes-gcm";
}

std::string edge_config_text(const EdgeConfig& config) {
    EdgeConfig shown = config;
    return config_text(edge_keys(shown));
}

}  // namespace izar
