#include "dataplane/config/edge_config.h"

#include <fmt/format.h>

#include "dataplane/base/limits.h"
#include "dataplane/config/edge_sections.h"
#include "dataplane/config/yaml_reader.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kLeastFlows = 1'024;
constexpr std::uint64_t kMostFlows = 16'777'216;
constexpr std::uint64_t kLeastBuffers = 2'048;
constexpr std::uint64_t kMostBuffers = 4'194'304;
constexpr std::uint64_t kMostCapacity = 1'000'000;  // Mbit/s
constexpr std::uint64_t kMostProbes = 1'000'000;
constexpr std::size_t kMaxConfiguredProbes = kMaxStampSessions / 2;  // the others are for izar-agent
constexpr std::size_t kLongestPath = 4'095;                          // PATH_MAX without its terminator
constexpr std::size_t kLongestSocket = 107;                          // sun_path without its terminator, unix(7)

void read_own_node(const YamlCursor& node, EdgeConfig& config) {
    const auto keys = node.map({"id", "name"});
    if (!keys) {
        return;
    }
    if (const auto id = keys->need("id")) {
        assign(config.id, id->integer(1, 65535));
    }
    if (const auto name = keys->need("name")) {
        assign(config.name, name->name());
    }
}

// Encrypted links are the default; plaintext must be asked for by name. The secrets themselves are read when izar-edge
// starts, by the rules of dataplane/security/secrets.h.
void read_security(const YamlMap& root, EdgeConfig& config) {
    const auto security = root.find("security");
    const bool known = !security || assign(config.security, security->word({"none", "aes-gcm"}));
    const auto secrets = !known || config.security == SecurityMode::none
                             ? root.find("secrets")
                             : root.need("secrets",
                                         "name the file of link secrets: secrets: {file: /etc/izar/secrets}; or write "
                                         "'security: none', and overlay packets travel unencrypted");
    const auto keys = secrets ? secrets->map({"file"}) : std::nullopt;
    const auto file = keys ? keys->need("file", "name the file of link secrets") : std::nullopt;
    if (!file) {
        return;
    }
    const auto path = file->text(kLongestPath);
    if (path && path->front() != '/') {
        file->problem(fmt::format("'{}' is not an absolute path; begin it with '/'", *path));
    }
    assign(config.secrets_file, path);
}

void read_memory(const YamlCursor& memory, MemoryConfig& out) {
    const auto keys = memory.map({"flows", "flows_ipv6", "packet_buffers"});
    if (!keys) {
        return;
    }
    if (const auto flows = keys->find("flows")) {
        assign(out.flows, flows->integer(kLeastFlows, kMostFlows));
    }
    if (const auto flows = keys->find("flows_ipv6")) {
        assign(out.flows_ipv6, flows->integer(kLeastFlows, kMostFlows));
    }
    if (const auto buffers = keys->find("packet_buffers")) {
        assign(out.packet_buffers, buffers->integer(kLeastBuffers, kMostBuffers));
    }
}

void read_links(const YamlCursor& links, LinkConfig& out) {
    const auto keys = links.map({"interval", "multiplier", "capacity_mbit_per_s"});
    if (!keys) {
        return;
    }
    if (const auto interval = keys->find("interval")) {
        assign(out.interval, interval->duration(milliseconds{1}, seconds{60}));
    }
    if (const auto multiplier = keys->find("multiplier")) {
        assign(out.multiplier, multiplier->integer(2, 50));
    }
    const auto capacity_key = keys->find("capacity_mbit_per_s");
    if (const auto capacity = capacity_key ? capacity_key->integer(1, kMostCapacity) : std::nullopt) {
        out.capacity = BitRate{*capacity * 1'000'000};
    }
}

void read_hysteresis(const YamlCursor& hysteresis, HysteresisConfig& out) {
    const auto keys = hysteresis.map({"absolute", "relative"});
    if (!keys) {
        return;
    }
    if (const auto absolute = keys->find("absolute")) {
        assign(out.absolute, absolute->duration(Nanos{0}, seconds{10}));
    }
    if (const auto relative = keys->find("relative")) {
        assign(out.relative, relative->number(0.0, 0.9));
    }
}

void read_stamp(const YamlCursor& stamp, EdgeConfig& config) {
    const auto keys = stamp.map({"peers", "nodes"});
    if (!keys) {
        return;
    }
    if (const auto nodes = keys->find("nodes")) {
        assign(config.stamp_nodes, nodes->word({"false", "true"}));
    }
    const auto peers =
        config.stamp_nodes
            ? keys->find("peers")
            : keys->need("peers", "list the addresses whose probes are answered, or write 'nodes: true'");
    if (!peers) {
        return;
    }
    for (const YamlCursor& peer : peers->list(kMaxStampPeers)) {
        if (const auto address = read_host_address(peer)) {
            config.stamp_peers.push_back(*address);
        }
    }
}

void read_probe(const YamlCursor& probe, EdgeConfig& config) {
    const auto keys = probe.map({"peer", "port", "interval", "count"});
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

void read_absolute_path(const YamlCursor& cursor, std::size_t longest, std::string& out) {
    const auto path = cursor.text(longest);
    if (path && path->front() != '/') {
        cursor.problem(fmt::format("'{}' is not an absolute path; begin it with '/'", *path));
    }
    assign(out, path);
}

void read_control_socket(const YamlMap& root, EdgeConfig& config) {
    config.control_socket = fmt::format("/run/izar/{}/edge.sock", config.name);
    if (const auto socket = root.find("control_socket")) {
        read_absolute_path(*socket, kLongestSocket, config.control_socket);
    }
}

// The sections that stand for themselves.
void read_settings(const YamlMap& root, EdgeConfig& config) {
    read_security(root, config);
    if (const auto idle = root.find("idle")) {
        assign(config.idle, idle->word({"spin", "sleep"}));
    }
    if (const auto lcores = root.find("lcores")) {
        assign(config.lcores, lcores->integer(1, kMaxLcores));
    }
    read_control_socket(root, config);
    if (const auto memory = root.find("memory")) {
        read_memory(*memory, config.memory);
    }
    if (const auto links = root.find("links")) {
        read_links(*links, config.links);
    }
    if (const auto hysteresis = root.find("hysteresis")) {
        read_hysteresis(*hysteresis, config.hysteresis);
    }
    if (const auto stamp = root.find("stamp")) {
        read_stamp(*stamp, config);
    }
    if (const auto probes = root.find("probes")) {
        for (const YamlCursor& probe : probes->list(kMaxConfiguredProbes)) {
            read_probe(probe, config);
        }
    }
    if (const auto policy = root.find("policy")) {
        read_absolute_path(*policy, kLongestPath, config.policy_file);
    }
}

// All sections, in the order in which they depend on each other.
void read_all(const YamlMap& root, const ConfigProblems& problems, EdgeConfig& config) {
    SoundParts sound;
    const auto node = root.need("node", "say which of the nodes this is: node: {id: 1, name: ams}");
    if (node) {
        read_own_node(*node, config);
    }
    read_settings(root, config);
    std::size_t before = problems.count();
    if (const auto ports = root.need("ports", "list the network ports that izar-edge drives")) {
        read_ports(*ports, config);
    }
    sound.ports = problems.count() == before;
    if (const auto overlay = root.need("overlay", "name the port that carries overlay packets: overlay: {port: wan}")) {
        read_overlay(*overlay, sound, config);
    }
    before = problems.count();
    read_egress_addresses(root.find("egress_addresses"), sound, config);
    sound.egress_addresses = problems.count() == before;
    before = problems.count();
    if (const auto nodes = root.need("nodes", "list all nodes of the fleet, this one included")) {
        read_nodes(*nodes, node.value_or(*nodes), sound, config);
    }
    sound.nodes = problems.count() == before;
    if (const auto services = root.find("services")) {
        read_services(*services, sound, config);
    }
}

}  // namespace

Result<EdgeConfig> parse_edge_config(const std::string& text, const std::string& file_name) {
    const auto tree = parse_yaml(text, file_name);
    if (!tree) {
        return tl::unexpected(tree.error());
    }
    ConfigProblems problems(file_name);
    const YamlCursor top(*tree, "", problems);
    EdgeConfig config;
    if (const auto root =
            top.map({"node", "security", "secrets", "idle", "lcores", "control_socket", "memory", "ports", "overlay",
                     "egress_addresses", "links", "hysteresis", "policy", "stamp", "probes", "nodes", "services"})) {
        read_all(*root, problems, config);
    }
    if (!problems.empty()) {
        return fail(problems.text());
    }
    return config;
}

Result<EdgeConfig> load_edge_config(const std::string& path) {
    const auto text = read_config_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse_edge_config(*text, path);
}

}  // namespace izar
