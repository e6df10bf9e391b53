#include "dataplane/config/edge_config_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/config/duration.h"

namespace izar {
namespace {

// A double-quoted YAML scalar; the reader accepts no control characters, so two escapes are enough.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

template <typename Items>
std::string list_text(const Items& items) {
    std::string out;
    for (const auto& item : items) {
        out += fmt::format("{}{}", out.empty() ? "" : ", ", quoted(item.text()));
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
    std::string out = fmt::format("  - name: {}\n    device: {}\n    mtu: {}\n    addresses: {}\n", quoted(port.name),
                                  quoted(port.device), port.mtu, list_text(port.addresses));
    if (!port.gateways.empty()) {
        out += fmt::format("    gateways: {}\n", list_text(port.gateways));
    }
    if (!port.exception_tap.empty()) {
        out += fmt::format("    exception_tap: {}\n", quoted(port.exception_tap));
    }
    return out;
}

std::string node_text(const FleetNode& node) {
    std::string out = fmt::format("  - {{id: {}, name: {}", raw(node.id), quoted(node.name));
    if (node.region[0] != '\0') {
        out += fmt::format(", region: {}", quoted(node.region));
    }
    return out + fmt::format(", address: {}}}\n", quoted(node.overlay_address.text()));
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
    std::string out = fmt::format("  - id: {}\n    name: {}\n    vip: {}\n    protocol: {}\n", raw(service.id),
                                  quoted(service.name), quoted(service.vip.text()), transport_text(service.transport));
    if (service.transport != Transport::icmp) {
        out += fmt::format("    ports: {}\n", port_range_text(service.first_port, service.last_port));
    }
    out += "    egress:\n";
    for (const Egress& egress : service.egresses) {
        out += fmt::format("      - {{node: {}, weight: {}}}\n", quoted(name_of(config, egress.node)), egress.weight);
    }
    out += "    origins:\n";
    for (const Origin& origin : service.origins) {
        const std::string port = origin.port == 0 ? "" : fmt::format(", port: {}", origin.port);
        out +=
            fmt::format("      - {{address: {}{}, weight: {}}}\n", quoted(origin.address.text()), port, origin.weight);
    }
    out += service.duplicate ? "    duplicate: true\n" : "";
    const FlowTimeouts& t = service.timeouts;
    return out +
           fmt::format("    timeouts: {{tcp_opening: {}, tcp_established: {}, tcp_closing: {}, udp: {}, icmp: {}}}\n",
                       duration_text(t.tcp_opening), duration_text(t.tcp_established), duration_text(t.tcp_closing),
                       duration_text(t.udp), duration_text(t.icmp));
}

struct Section {
    std::string name;
    std::string text;
};

// A section begins with a line that does not begin with a blank.
std::vector<Section> sections_of(const std::string& text) {
    std::vector<Section> out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        const std::string line = text.substr(at, end - at);
        if (line[0] != ' ') {
            out.push_back({line.substr(0, line.find(':')), ""});
        }
        out.back().text += line;
        at = end;
    }
    return out;
}

// Adds the sections of `some` that `others` lacks or has with another text.
void add_differing(const std::vector<Section>& some, const std::vector<Section>& others,
                   std::vector<std::string>& names) {
    for (const Section& section : some) {
        const auto other = std::ranges::find(others, section.name, &Section::name);
        const bool same = other != others.end() && other->text == section.text;
        if (!same && std::ranges::find(names, section.name) == names.end()) {
            names.push_back(section.name);
        }
    }
}

}  // namespace

std::vector<std::string> changed_sections(const EdgeConfig& before, const EdgeConfig& after) {
    const auto old_ones = sections_of(edge_config_text(before));
    const auto new_ones = sections_of(edge_config_text(after));
    std::vector<std::string> out;
    add_differing(new_ones, old_ones, out);
    add_differing(old_ones, new_ones, out);
    return out;
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
    std::string out = fmt::format("node: {{id: {}, name: {}}}\nsecurity: {}\n", raw(config.id), quoted(config.name),
                                  security_text(config.security));
    if (!config.secrets_file.empty()) {
        out += fmt::format("secrets: {{file: {}}}\n", quoted(config.secrets_file));
    }
    out += fmt::format("idle: {}\nlcores: {}\n", config.idle == IdleMode::spin ? "spin" : "sleep", config.lcores);
    out += fmt::format("control_socket: {}\n", quoted(config.control_socket));
    out += fmt::format("memory: {{flows: {}, flows_ipv6: {}, packet_buffers: {}}}\n", config.memory.flows,
                       config.memory.flows_ipv6, config.memory.packet_buffers);
    out += "ports:\n";
    for (const PortConfig& port : config.ports) {
        out += port_text(port);
    }
    out += fmt::format("overlay: {{port: {}}}\n", quoted(config.overlay_port));
    out += fmt::format("egress_addresses: {}\n", list_text(config.egress_addresses));
    const std::string capacity = config.links.capacity == kNoRate
                                     ? ""
                                     : fmt::format(", capacity_mbit_per_s: {}", raw(config.links.capacity) / 1'000'000);
    out += fmt::format("links: {{interval: {}, multiplier: {}{}}}\n", duration_text(config.links.interval),
                       config.links.multiplier, capacity);
    out += fmt::format("hysteresis: {{absolute: {}, relative: {}}}\n", duration_text(config.hysteresis.absolute),
                       config.hysteresis.relative);
    if (!config.stamp_peers.empty() || config.stamp_nodes) {
        out += fmt::format("stamp: {{peers: {}, nodes: {}}}\n", list_text(config.stamp_peers), config.stamp_nodes);
    }
    if (!config.probes.empty()) {
        out += "probes:\n";
    }
    for (const StampSession& session : config.probes) {
        out += fmt::format("  - {{peer: {}, port: {}, interval: {}, count: {}}}\n", quoted(session.peer.text()),
                           session.port, duration_text(session.interval), session.count);
    }
    if (!config.policy_file.empty()) {
        out += fmt::format("policy: {}\n", quoted(config.policy_file));
    }
    out += "nodes:\n";
    for (const FleetNode& node : config.nodes) {
        out += node_text(node);
    }
    out += config.services.empty() ? "services: []\n" : "services:\n";
    for (const Service& service : config.services) {
        out += service_text(config, service);
    }
    return out;
}

}  // namespace izar
