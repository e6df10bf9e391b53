// edge_settings.cc -- The keys of edge.yaml that stand for themselves.
#include <fmt/format.h>

#include <utility>

#include "dataplane/base/limits.h"
#include "dataplane/config/duration.h"
#include "dataplane/config/edge_config_text.h"
#include "dataplane/config/edge_sections.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kLeastFlows = 1'024;
constexpr std::uint64_t kMostFlows = 16'777'216;
constexpr std::uint64_t kLeastBuffers = 2'048;
constexpr std::uint64_t kMostBuffers = 4'194'304;
constexpr std::uint64_t kMostCapacity = 1'000'000;  // Mbit/s
constexpr std::uint64_t kMega = 1'000'000;
constexpr std::uint64_t kMostProbes = 1'000'000;
constexpr std::size_t kMaxConfiguredProbes = kMaxStampSessions / 2;  // the others are for izar-agent
constexpr std::size_t kLongestPath = 4'095;                          // PATH_MAX without its terminator
constexpr std::size_t kLongestSocket = 107;                          // sun_path without its terminator, unix(7)

constexpr std::string_view kOwnNodeAdvice = "say which of the nodes this is: node: {id: 1, name: ams}";
constexpr std::string_view kSecretsAdvice =
    "name the file of link secrets: secrets: {file: /etc/izar/secrets}; or write 'security: none', and overlay packets "
    "travel unencrypted";
constexpr std::string_view kStampAdvice = "list the addresses whose probes are answered, or write 'nodes: true'";

constexpr ItemKey kProbeKeys[] = {
    {"peer", "required", "a host address", "A STAMP or TWAMP-light reflector."},
    {"port", "862", "1 to 65535", "Its UDP port."},
    {"interval", "1s", "a duration, 10ms to 1m", "Between two probes."},
    {"count", "0", "0 to 1000000", "How many probes; 0: without end."},
};

template <typename Number>
ConfigKey number_key(std::string_view path, std::string_view kind, std::string_view meaning, Number& field,
                     std::uint64_t least, std::uint64_t most) {
    return {.path = std::string(path),
            .kind = kind,
            .meaning = meaning,
            .read = [&field, least, most](const YamlCursor& at) { assign(field, at.integer(least, most)); },
            .show = [&field] { return std::to_string(field); }};
}

// An absolute path; empty while it is not given.
ConfigKey path_key(std::string path, std::string_view kind, std::string_view meaning, std::string& field,
                   std::size_t longest) {
    const auto read = [&field, longest](const YamlCursor& at) {
        const auto given = at.text(longest);
        if (given && given->front() != '/') {
            at.problem(fmt::format("'{}' is not an absolute path; begin it with '/'", *given));
        }
        assign(field, given);
    };
    return {.path = std::move(path),
            .kind = kind,
            .meaning = meaning,
            .read = read,
            .show = [&field] { return field.empty() ? std::string() : yaml_quoted(field); },
            .otherwise = "none"};
}

void add_own_node_keys(const EdgeReadingPointer& reading, std::vector<ConfigKey>& keys) {
    EdgeConfig& config = reading->config;
    const auto needed = [](bool) { return kOwnNodeAdvice; };
    keys.push_back({.path = "node.id",
                    .kind = "1 to 65535",
                    .meaning = "Of this node; equal to its id under `nodes`.",
                    .read = [&config](const YamlCursor& at) { assign(config.id, at.integer(1, 65535)); },
                    .show = [&config] { return config.id == kNoNode ? "" : std::to_string(raw(config.id)); },
                    .otherwise = "required",
                    .absent = needed});
    const auto read_name = [reading](const YamlCursor& at) {
        reading->own_name = at;
        assign(reading->config.name, at.name());
    };
    keys.push_back({.path = "node.name",
                    .kind = "a name",
                    .meaning = "Of this node; must be under `nodes`, and names the control socket and the DPDK file "
                               "prefix, too.",
                    .read = read_name,
                    .show = [&config] { return config.name.empty() ? "" : yaml_quoted(config.name); },
                    .otherwise = "required",
                    .absent = needed});
}

// Encrypted links are the default; plaintext must be asked for by name. The secrets themselves are read when izar-edge
// starts, by the rules of dataplane/security/secrets.h.
void add_security_keys(const EdgeReadingPointer& reading, std::vector<ConfigKey>& keys) {
    EdgeConfig& config = reading->config;
    const auto read_security = [reading](const YamlCursor& at) {
        reading->sound.security = assign(reading->config.security, at.word({"none", "aes-gcm"}));
    };
    keys.push_back({.path = "security",
                    .kind = "aes-gcm, none",
                    .meaning =
                        "`aes-gcm`: every link is encrypted and authenticated, hop by hop; `none`: overlay packets "
                        "travel in the clear, which shows in every status.",
                    .read = read_security,
                    .show = [&config] { return std::string(security_text(config.security)); }});
    keys.push_back(path_key("secrets.file", "an absolute path",
                            "The file of [link secrets](#link-secrets). SIGHUP reads what is in it again.",
                            config.secrets_file, kLongestPath));
    keys.back().otherwise = "required with `aes-gcm`";
    keys.back().absent = [reading](bool) {
        const bool needed = reading->sound.security && reading->config.security != SecurityMode::none;
        return needed ? kSecretsAdvice : std::string_view();
    };
}

void add_stamp_keys(const EdgeReadingPointer& reading, std::vector<ConfigKey>& keys) {
    EdgeConfig& config = reading->config;
    keys.push_back({.path = "stamp.nodes",
                    .kind = "true, false",
                    .meaning =
                        "`true`: this node answers the STAMP probes of every node of its fleet that names itself by "
                        "its node id as the session (RFC 8972) and sends from its overlay address, as izar-edge "
                        "does, and takes part in the probes that [masters assign](control-plane.md#groups) among "
                        "nodes that say so.",
                    .read =
                        [&config](const YamlCursor& at) {
                            assign(config.stamp_nodes, at.word({"false", "true"}));
                        },
                    .show = [&config] { return config.stamp_nodes ? "true" : "false"; }});
    const auto read_peers = [&config](const YamlCursor& at) {
        for (const YamlCursor& peer : at.list(kMaxStampPeers)) {
            if (const auto address = read_host_address(peer)) {
                config.stamp_peers.push_back(*address);
            }
        }
    };
    keys.push_back({.path = "stamp.peers",
                    .kind = "a list of host addresses, at most 64",
                    .meaning = "Whose STAMP (RFC 8762) and TWAMP-light probes to UDP port 862 of any of this node's "
                               "addresses are answered; without them, and without `stamp.nodes`, nobody's.",
                    .read = read_peers,
                    .show = [&config] { return addresses_text(config.stamp_peers); },
                    .absent =
                        [&config](bool in_section) {
                            return in_section && !config.stamp_nodes ? kStampAdvice : std::string_view();
                        }});
}

void read_probe(const YamlCursor& probe, EdgeConfig& config) {
    const auto keys = probe.map(words_of(kProbeKeys));
    const auto peer = keys ? keys->need("peer", "give the address of a STAMP or TWAMP-light reflector") : std::nullopt;
    const auto address = peer ? read_host_address(*peer) : std::nullopt;
    if (!address) {
        return;
    }
    StampSession session;
    session.peer = *address;
    if (const auto port = keys->find("port")) {
        assign(session.port, port->integer(1, 65535));
    }
    if (const auto interval = keys->find("interval")) {
        assign(session.interval, interval->duration(StampSession::kLeastInterval, StampSession::kLongestInterval));
    }
    if (const auto count = keys->find("count")) {
        assign(session.count, count->integer(0, kMostProbes));
    }
    config.probes.push_back(session);
}

void add_link_keys(EdgeConfig& config, std::vector<ConfigKey>& keys) {
    keys.push_back(duration_key("links.interval", "a duration, 1ms to 1m", "Between two keep-alives of a link.",
                                config.links.interval, milliseconds{1}, seconds{60}));
    keys.push_back(number_key("links.multiplier", "2 to 50", "Missed keep-alives that mean that the link is down.",
                              config.links.multiplier, 2, 50));
    const auto read_capacity = [&config](const YamlCursor& at) {
        if (const auto capacity = at.integer(1, kMostCapacity)) {
            config.links.capacity = BitRate{*capacity * kMega};
        }
    };
    const auto show_capacity = [&config] {
        return config.links.capacity == kNoRate ? "" : std::to_string(raw(config.links.capacity) / kMega);
    };
    keys.push_back({.path = "links.capacity_mbit_per_s",
                    .kind = "1 to 1000000",
                    .meaning = "What the uplink of the overlay's port carries, shared by all links of this node. `show "
                               "links` and the controller show it beside what is used, and "
                               "`relays.max_bandwidth_percent` of a routing policy is a part of it ([why it is not "
                               "learned](decisions/0028-capacity-is-configured.md)).",
                    .read = read_capacity,
                    .show = show_capacity,
                    .otherwise = "not known"});
}

}  // namespace

std::span<const ItemKey> probe_keys() {
    return kProbeKeys;
}

void add_node_keys(const EdgeReadingPointer& reading, std::vector<ConfigKey>& keys) {
    EdgeConfig& config = reading->config;
    add_own_node_keys(reading, keys);
    add_security_keys(reading, keys);
    keys.push_back({.path = "idle",
                    .kind = "sleep, spin",
                    .meaning =
                        "`sleep`: an lcore without packets naps 200 us, backing off to 1 ms; `spin`: it polls on, "
                        "and takes its whole CPU.",
                    .read =
                        [&config](const YamlCursor& at) {
                            assign(config.idle, at.word({"spin", "sleep"}));
                        },
                    .show = [&config] { return config.idle == IdleMode::spin ? "spin" : "sleep"; }});
    keys.push_back(number_key("lcores", "1 to 16", "How many.", config.lcores, 1, kMaxLcores));
    keys.push_back(path_key("control_socket", "an absolute path of at most 107 bytes",
                            "Where commands are taken, see [control-socket.md](control-socket.md).",
                            config.control_socket, kLongestSocket));
    keys.back().otherwise = "`/run/izar/NAME/edge.sock`";
    keys.back().absent = [&config](bool) {
        config.control_socket = fmt::format("/run/izar/{}/edge.sock", config.name);
        return std::string_view();
    };
    MemoryConfig& memory = config.memory;
    keys.push_back(number_key("memory.flows", "1024 to 16777216", "IPv4 flows and sessions.", memory.flows, kLeastFlows,
                              kMostFlows));
    keys.push_back(number_key("memory.flows_ipv6", "1024 to 16777216", "IPv6 flows and sessions.", memory.flows_ipv6,
                              kLeastFlows, kMostFlows));
    keys.push_back(number_key("memory.packet_buffers", "2048 to 4194304", "Packets that can be here at a time.",
                              memory.packet_buffers, kLeastBuffers, kMostBuffers));
}

void add_path_keys(const EdgeReadingPointer& reading, std::vector<ConfigKey>& keys) {
    EdgeConfig& config = reading->config;
    HysteresisConfig& hysteresis = config.hysteresis;
    add_link_keys(config, keys);
    keys.push_back(duration_key("hysteresis.absolute", "a duration, 0 to 10s",
                                "A path must be this much better before flows move to it.", hysteresis.absolute,
                                Nanos{0}, seconds{10}));
    keys.push_back({.path = "hysteresis.relative",
                    .kind = "0 to 0.9",
                    .meaning = "And better by this part of the old path's cost.",
                    .read = [&hysteresis](const YamlCursor& at) { assign(hysteresis.relative, at.number(0.0, 0.9)); },
                    .show = [&hysteresis] { return fmt::format("{}", hysteresis.relative); }});
    add_stamp_keys(reading, keys);
    const auto read_probes = [&config](const YamlCursor& at) {
        for (const YamlCursor& probe : at.list(kMaxConfiguredProbes)) {
            read_probe(probe, config);
        }
    };
    keys.push_back({.path = "probes",
                    .kind = "a list of at most 16 [probes](#probes)",
                    .meaning = "STAMP (RFC 8762) sessions that this node sends.",
                    .read = read_probes,
                    .show = [&config] { return probes_text(config); }});
    keys.push_back(path_key("policy", "an absolute path",
                            "A [routing-policy.yaml](routing-policy.md): costs, caps and forbidden nodes, by service. "
                            "Margins that it sets stand before `hysteresis`.",
                            config.policy_file, kLongestPath));
}

}  // namespace izar
