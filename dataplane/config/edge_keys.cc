#include "dataplane/config/edge_keys.h"

#include <memory>

#include "dataplane/config/edge_config_text.h"
#include "dataplane/config/edge_sections.h"

namespace izar {
namespace {

ConfigKey ports_key(const EdgeReadingPointer& reading) {
    const auto read = [reading](const YamlCursor& at) {
        const std::size_t before = at.problem_count();
        read_ports(at, reading->config);
        reading->sound.ports = at.problem_count() == before;
    };
    return {.path = "ports",
            .kind = "a list of 1 to 8 [ports](#ports)",
            .meaning = "The network ports that izar-edge drives.",
            .read = read,
            .show = [reading] { return ports_text(reading->config); },
            .otherwise = "required",
            .absent = [](bool) -> std::string_view { return "list the network ports that izar-edge drives"; }};
}

ConfigKey overlay_key(const EdgeReadingPointer& reading) {
    const auto show = [reading] {
        const std::string& port = reading->config.overlay_port;
        return port.empty() ? port : yaml_quoted(port);
    };
    return {.path = "overlay.port",
            .kind = "a name under `ports`",
            .meaning = "The port that carries overlay packets.",
            .read = [reading](const YamlCursor& at) { read_overlay_port(at, reading->sound, reading->config); },
            .show = show,
            .otherwise = "required",
            .absent = [](bool) -> std::string_view {
                return "name the port that carries overlay packets: overlay: {port: wan}";
            }};
}

ConfigKey egress_addresses_key(const EdgeReadingPointer& reading) {
    const auto read = [reading](const YamlCursor& at) {
        const std::size_t before = at.problem_count();
        read_egress_addresses(at, reading->sound, reading->config);
        reading->sound.egress_addresses = at.problem_count() == before;
    };
    const auto choose = [reading](bool) {
        choose_egress_addresses(reading->config);
        reading->sound.egress_addresses = true;
        return std::string_view();
    };
    return {.path = "egress_addresses",
            .kind = "a list of host addresses, at most 16 a family",
            .meaning = "What sessions are translated to, each an address of a port.",
            .read = read,
            .show = [reading] { return addresses_text(reading->config.egress_addresses); },
            .otherwise = "the first address of each family of each port that is not the overlay's",
            .absent = choose};
}

ConfigKey nodes_key(const EdgeReadingPointer& reading) {
    const auto read = [reading](const YamlCursor& at) {
        const std::size_t before = at.problem_count();
        read_nodes(at, reading->own_name.value_or(at), reading->sound, reading->config);
        reading->sound.nodes = at.problem_count() == before;
    };
    return {.path = "nodes",
            .kind = "a list of at most 1024 [nodes](#nodes)",
            .meaning = "All nodes of the fleet, this one included; with a controller this one alone will do.",
            .read = read,
            .show = [reading] { return nodes_text(reading->config); },
            .otherwise = "required",
            .absent = [](bool) -> std::string_view { return "list all nodes of the fleet, this one included"; }};
}

ConfigKey services_key(const EdgeReadingPointer& reading) {
    return {.path = "services",
            .kind = "a list of at most 4096 [services](#services)",
            .meaning = "What clients are served.",
            .read = [reading](const YamlCursor& at) { read_services(at, reading->sound, reading->config); },
            .show = [reading] { return services_text(reading->config); }};
}

}  // namespace

std::vector<ConfigKey> edge_keys(EdgeConfig& config) {
    const auto reading = std::make_shared<EdgeReading>(EdgeReading{config});
    std::vector<ConfigKey> keys;
    add_node_keys(reading, keys);
    keys.push_back(ports_key(reading));
    keys.push_back(overlay_key(reading));
    keys.push_back(egress_addresses_key(reading));
    add_path_keys(reading, keys);
    keys.push_back(nodes_key(reading));
    keys.push_back(services_key(reading));
    return keys;
}

std::vector<ConfigItem> edge_items() {
    return {{"a port", port_keys()},      {"a node", node_keys()},      {"a service", service_keys()},
            {"an egress", egress_keys()}, {"an origin", origin_keys()}, {"timeouts", timeout_keys()},
            {"a probe", probe_keys()}};
}

}  // namespace izar
