#include "tools/controller/inventory.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "ctrl/controller/desired_state.h"
#include "ctrl/controller/lost_domains.h"
#include "ctrl/store/sql_import.h"
#include "dataplane/config/yaml_reader.h"
#include "sched/policy_file.h"

namespace izar {
namespace {

// At most a byte more than the parser takes, which then says that it is too much.
Result<std::string> read_sql(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    if (!file) {
        return fail(fmt::format("{}: {}; give an existing file that may be read", path, std::strerror(errno)));
    }
    std::string text(kMaxImportBytes + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) != 0) {
        return fail(fmt::format("{}: cannot be read; give a regular file", path));
    }
    return text;
}

// Of those in the inventory.
Result<std::vector<std::string>> domains_without_service(Store& store, const Inventory& inventory) {
    const auto domains = store.domains();
    if (!domains) {
        return fail(domains.error().text);
    }
    std::set<std::string> listed;
    for (const auto& [domain, origin_ip] : inventory.domains) {
        listed.insert(domain);
    }
    std::vector<std::string> out;
    for (const DomainRecord& each : *domains) {
        if (each.service.empty() && listed.contains(each.domain)) {
            out.push_back(each.domain);
        }
    }
    return out;
}

}  // namespace

Result<std::string> import_sql_file(Store& store, const std::string& path, WallTime now) {
    const auto text = read_sql(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    const auto inventory = parse_sql_import(*text, path, now);
    if (!inventory) {
        return tl::unexpected(inventory.error());
    }
    store.write_beside_leaders();
    if (const auto done = store.import_inventory(*inventory, now); !done) {
        return fail(fmt::format("{}: {}", path, done.error().text));
    }
    const auto lost = domains_without_service(store, *inventory);
    if (!lost) {
        return tl::unexpected(lost.error());
    }
    return fmt::format("{}: {} nodes, {} domains, {} system samples, {} region probes, {} link metrics{}{}", path,
                       inventory->nodes.size(), inventory->domains.size(), inventory->system_info.size(),
                       inventory->region_probes.size(), inventory->link_metrics.size(), lost->empty() ? "" : "; ",
                       lost->empty() ? "" : lost_domains_text(*lost));
}

Result<DiscoveryConfig> read_discovery_file(const std::string& path, std::span<const std::string> environment) {
    const auto text = read_config_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse_discovery_config(*text, path, environment);
}

Result<std::string> read_policy_file(const std::string& path, std::span<const std::string> environment) {
    if (path.empty()) {
        return refuse_policy_variables(environment, "--policy").map([] { return std::string(); });
    }
    auto text = read_config_file(path);
    if (!text) {
        return text;
    }
    auto policies = parse_routing_policy(*text, path, {}, environment);
    if (!policies) {
        return tl::unexpected(policies.error());
    }
    const bool as_it_stands = policy_variable(environment).empty();
    if (!as_it_stands) {
        text = routing_policy_text(*std::move(policies));
    }
    if (text->size() > kMaxPolicyBytes) {
        return fail(fmt::format("{}: {} more than {} bytes; {}", path,
                                as_it_stands ? "has" : "with the variables of the environment it has", kMaxPolicyBytes,
                                as_it_stands ? "leave comments out" : "list fewer services, nodes and prices"));
    }
    return text;
}

OperatorFiles operator_files(const std::optional<DiscoveryConfig>& discovery, const std::string& policy) {
    OperatorFiles out;
    if (discovery) {
        out.listed = discovery->inventory;
    }
    if (!policy.empty()) {
        out.documents.emplace_back(kRoutingPolicyDocument, policy);
    }
    return out;
}

}  // namespace izar
