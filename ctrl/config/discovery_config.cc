#include "ctrl/config/discovery_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ctrl/store/checks.h"
#include "dataplane/base/limits.h"
#include "dataplane/config/duration.h"

namespace izar {
namespace {

constexpr ItemKey kNodeKeys[] = {
    {"name", "required", "a name", "Of the node, unique."},
    {"region", "required", "a name", "Whose token it joins with."},
    {"address", "required", "a host address", "Where its overlay packets go, unique."},
    {"description", "none", "text", "For people."},
};

constexpr ItemKey kDomainKeys[] = {
    {"domain", "required", "a domain", "Its name."},
    {"origin", "required", "a host address", "Where its requests are answered."},
};

Result<IpAddress> parse_host(std::string_view text) {
    auto address = IpAddress::parse(text);
    if (address && address->is_unspecified()) {
        return fail("0.0.0.0 is no node's address");
    }
    return address;
}

// One node; nothing after it added a problem.
std::optional<NodeDeclaration> read_node(const YamlCursor& at) {
    const auto keys = at.map(words_of(kNodeKeys));
    if (!keys) {
        return std::nullopt;
    }
    NodeDeclaration node;
    const auto name = keys->need("name");
    const auto region = keys->need("region");
    const auto address = keys->need("address", "where its overlay packets go");
    bool good = name && region && address;
    good = good && assign(node.name, name->name()) && assign(node.region, region->name());
    good = good && assign(node.address, address->parsed(parse_host));
    if (const auto description = keys->find("description"); good && description) {
        good = assign(node.description, description->text(kMaxDescription));
    }
    return good ? std::optional(std::move(node)) : std::nullopt;
}

void read_nodes(const YamlCursor& at, std::vector<NodeDeclaration>& out) {
    for (const YamlCursor& item : at.list(kMaxNodes)) {
        auto node = read_node(item);
        if (!node) {
            continue;
        }
        const auto rival = std::find_if(out.begin(), out.end(), [&](const NodeDeclaration& other) {
            return other.name == node->name || other.address == node->address;
        });
        if (rival != out.end()) {
            item.problem(fmt::format("has the name or the address of node '{}'; each node has its own", rival->name));
            continue;
        }
        out.push_back(std::move(*node));
    }
}

void read_domains(const YamlCursor& at, std::vector<std::pair<std::string, IpAddress>>& out) {
    for (const YamlCursor& item : at.list(kMaxDomains)) {
        const auto keys = item.map(words_of(kDomainKeys));
        const auto domain = keys ? keys->need("domain") : std::nullopt;
        const auto origin = keys ? keys->need("origin") : std::nullopt;
        if (!domain || !origin) {
            continue;
        }
        auto name = domain->parsed(checked_domain);
        const auto address = origin->parsed(parse_host);
        if (name && address) {
            out.emplace_back(std::move(*name), *address);
        }
    }
}

std::string shown_nodes(const std::vector<NodeDeclaration>& nodes) {
    std::string out;
    for (const NodeDeclaration& node : nodes) {
        out += fmt::format("{}{{name: {}, region: {}, address: {}{}}}", out.empty() ? "" : ", ", yaml_quoted(node.name),
                           yaml_quoted(node.region), yaml_quoted(node.address.text()),
                           node.description.empty() ? "" : ", description: " + yaml_quoted(node.description));
    }
    return "[" + out + "]";
}

std::string shown_domains(const std::vector<std::pair<std::string, IpAddress>>& domains) {
    std::string out;
    for (const auto& [domain, origin] : domains) {
        out += fmt::format("{}{{domain: {}, origin: {}}}", out.empty() ? "" : ", ", yaml_quoted(domain),
                           yaml_quoted(origin.text()));
    }
    return "[" + out + "]";
}

}  // namespace

std::vector<ConfigKey> discovery_keys(DiscoveryConfig& config) {
    Inventory& inventory = config.inventory;
    std::vector<ConfigKey> keys;
    keys.push_back(
        {.path = "adopt",
         .kind = "a duration like 5s; 0: never",
         .meaning = "Between two looks for rows that somebody wrote into the public tables.",
         .read =
             [&config](const YamlCursor& at) { assign(config.adopt, at.duration(Nanos{0}, std::chrono::hours{24})); },
         .show = [&config] { return duration_text(config.adopt); }});
    keys.push_back({.path = "nodes",
                    .kind = "a list of {name, region, address, description}",
                    .meaning = "Nodes that may join, each with a token of its region.",
                    .read = [&inventory](const YamlCursor& at) { read_nodes(at, inventory.nodes); },
                    .show = [&inventory] { return shown_nodes(inventory.nodes); }});
    keys.push_back({.path = "domains",
                    .kind = "a list of {domain, origin}",
                    .meaning = "Domains and their origins, as `izar domain set` makes them.",
                    .read = [&inventory](const YamlCursor& at) { read_domains(at, inventory.domains); },
                    .show = [&inventory] { return shown_domains(inventory.domains); }});
    for (ConfigKey& key : keys) {
        key.at_sighup = true;
    }
    return keys;
}

std::vector<ConfigItem> discovery_items() {
    return {{"a node", kNodeKeys}, {"a domain", kDomainKeys}};
}

Result<DiscoveryConfig> parse_discovery_config(const std::string& text, const std::string& file_name,
                                               std::span<const std::string> environment) {
    DiscoveryConfig config;
    const auto nothing_more = [](const ConfigMarks&, ConfigProblems&) {};
    if (auto read = read_config(discovery_keys(config), text, file_name, environment, kDiscoveryPrefix, nothing_more);
        !read) {
        return tl::unexpected(read.error());
    }
    return config;
}

}  // namespace izar
