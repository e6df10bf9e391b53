#include "ctrl/store/testing/crash_world.h"

#include <fmt/format.h>

#include "ctrl/store/testing/store_suite.h"

namespace izar {
namespace {

std::string fact(std::string_view kind, std::uint32_t name, const std::string& rest) {
    return fmt::format("{} {} {}", kind, name, rest);
}

std::string node_address(std::uint32_t number) {
    return fmt::format("10.0.{}.{}", number / 200, 1 + number % 200);
}

std::string declared_address(std::uint32_t number) {
    return fmt::format("10.9.{}.{}", number / 200, 1 + number % 200);
}

std::string vip(std::uint32_t number) {
    return fmt::format("203.0.113.{}", 1 + number);
}

std::string origin(std::uint32_t detail) {
    return fmt::format("10.1.0.{}", 1 + detail % 250);
}

// Of a service at a node, which changes with what else is set of it.
std::string vip_at_node(std::uint32_t number, std::uint32_t detail) {
    return fmt::format("203.0.115.{}", 1 + 2 * number + detail % 2);
}

std::string service_rest(const std::string& its_origin, const std::string& vips) {
    return vips.empty() ? its_origin : its_origin + " " + vips;
}

std::string vip_fact(std::uint32_t node, const std::string& vip) {
    return fmt::format("{}={}", node, vip);
}

bool set_service(Store& store, const CrashOperation& operation) {
    std::vector<NodeVip> vips;
    if (operation.node != 0) {
        vips.push_back({.node = NodeId{static_cast<std::uint16_t>(operation.node)},
                        .address = address(vip_at_node(operation.subject, operation.detail))});
    }
    const Service service =
        service_named(std::to_string(operation.subject), vip(operation.subject), origin(operation.detail));
    return store.set_service(service, vips, kNow).has_value();
}

std::string token_text(std::uint32_t number) {
    TokenRandom random{};
    random[0] = static_cast<std::uint8_t>(number >> 8);
    random[1] = static_cast<std::uint8_t>(number);
    random.back() = 1;
    return new_token(random);
}

std::string token_id(std::uint32_t number) {
    return parse_token(token_text(number))->id;
}

JoinRequest join_request(std::uint32_t number) {
    JoinRequest out{.token = token_text(number), .name = fmt::format("node-{}", number)};
    out.address = address(node_address(number));
    out.key.fill(static_cast<std::uint8_t>(number));
    out.key.back() = 1;  // not all zero: that is what a node has that is declared and never joined
    out.key[1] = static_cast<std::uint8_t>(number >> 8);
    return out;
}

// A key of the map by chance; the map is not empty.
template <typename Map>
std::uint32_t any_key(const Map& map, Random& random) {
    return std::next(map.begin(), random.below(static_cast<std::uint32_t>(map.size())))->first;
}

bool write_measurements(Store& store, std::uint32_t detail) {
    SystemInfo sample{.ip = "10.0.0.1", .timestamp = kNow};
    const RegionProbe probe{"10.0.0.1", "eu", "10.0.0.2", "us", detail, kNow};
    const LinkEnds dead{"10.0.0.2", "10.0.0.1"};
    const LinkMetric metric{"10.0.0.1", "10.0.0.2", 1.0 * detail, 0, 0, 0, 0, std::nullopt, kNow};
    const HistorySample point{.subject = {NodeId{1}, NodeId{2}}, .at = kNow, .value = 1.0 * detail};
    return store.write_system_info({&sample, 1}, kNow) && store.write_region_probes({&probe, 1}) &&
           store.write_link_metrics({&metric, 1}, {&dead, 1}) && store.write_history({&point, 1});
}

// A domain with a service of its own, of its name, which facts_of leaves out: the model's services are others.
constexpr std::string_view kDomainEnd = ".example";

bool set_domain(Store& store, std::uint32_t number, const std::string& origin_ip) {
    const std::string domain = fmt::format("d{}{}", number, kDomainEnd);
    const std::string its_vip = fmt::format("203.0.114.{}", 1 + number);
    return store.set_service(service_named(domain, its_vip, "10.1.1.1"), kNow) &&
           store.set_domain(domain, address(origin_ip), "", kNow);
}

NodeDeclaration declaration(std::uint32_t number) {
    return {.name = fmt::format("declared-{}", number), .region = "eu", .address = address(declared_address(number))};
}

bool import_node(Store& store, std::uint32_t number) {
    Inventory inventory;
    inventory.nodes = {declaration(number)};
    inventory.system_info = {{.ip = declared_address(number), .timestamp = kNow}};
    inventory.region_probes = {{"10.0.0.1", "eu", "10.0.0.2", "us", 1, kNow}};
    inventory.link_metrics = {{"10.0.0.1", "10.0.0.3", 1, 0, 0, 0, 0, std::nullopt, kNow}};
    return store.import_inventory(inventory, kNow).has_value();
}

bool list_node(Store& store, std::uint32_t number) {
    OperatorFiles files;
    files.listed.emplace();
    files.listed->nodes = {declaration(number)};
    return store.take_files(files, kNow).has_value();
}

}  // namespace

std::map<std::uint32_t, bool> CrashModel::living_nodes() const {
    std::map<std::uint32_t, bool> out;
    for (const auto& [id, node] : nodes_) {
        if (node.state != "revoked") {
            out[id] = true;
        }
    }
    return out;
}

CrashOperation CrashModel::choose(Random& random) const {
    // Chances in two rounds: what is possible now decides.
    while (true) {
        CrashOperation operation{.action = static_cast<CrashAction>(random.below(18)), .detail = random.below(250)};
        std::map<std::uint32_t, bool> candidates;
        switch (operation.action) {
            case CrashAction::create_token:
                operation.subject = static_cast<std::uint32_t>(tokens_.size());
                return operation;
            case CrashAction::join:
            case CrashAction::withdraw_token:
                for (const auto& [number, token] : tokens_) {
                    if (!token.used && !token.withdrawn) {
                        candidates[number] = true;
                    }
                }
                break;
            case CrashAction::revoke_node:
            case CrashAction::drain_node:
                candidates = living_nodes();
                break;
            case CrashAction::mark_seen:
                for (const auto& [id, node] : nodes_) {
                    if (node.state == "joined") {
                        candidates[id] = true;
                    }
                }
                break;
            case CrashAction::set_service:
                candidates = living_nodes();
                operation.node = candidates.empty() || random.below(3) == 0 ? 0 : any_key(candidates, random);
                operation.subject = random.below(5);
                return operation;
            case CrashAction::set_domain:
            case CrashAction::set_document:
                operation.subject = random.below(5);
                return operation;
            case CrashAction::remove_service:
                for (const auto& each : services_) {
                    candidates[each.first] = true;
                }
                break;
            case CrashAction::remove_domain:
                for (const auto& each : domains_) {
                    candidates[each.first] = true;
                }
                break;
            case CrashAction::remove_document:
                for (const auto& each : documents_) {
                    candidates[each.first] = true;
                }
                break;
            case CrashAction::import_inventory:
            case CrashAction::take_files:
                operation.subject = static_cast<std::uint32_t>(nodes_.size());
                return operation;
            case CrashAction::claim:
                operation.subject = fence_ + 1;
                return operation;
            case CrashAction::adopt_public_rows:
            case CrashAction::write_measurements:
            case CrashAction::compact:
                return operation;
        }
        if (!candidates.empty()) {
            operation.subject = any_key(candidates, random);
            return operation;
        }
    }
}

void CrashModel::apply(const CrashOperation& operation) {
    const auto next_id = static_cast<std::uint32_t>(nodes_.size() + 1);
    switch (operation.action) {
        case CrashAction::create_token:
            tokens_[operation.subject] = {};
            break;
        case CrashAction::join:
            tokens_[operation.subject].used = true;
            nodes_[next_id] = {.state = "joined", .address = node_address(operation.subject)};
            break;
        case CrashAction::withdraw_token:
            tokens_[operation.subject].withdrawn = true;
            break;
        case CrashAction::revoke_node:
            nodes_[operation.subject].state = "revoked";
            break;
        case CrashAction::drain_node:
            nodes_[operation.subject].drained = operation.detail % 2 == 0;
            break;
        case CrashAction::mark_seen:
            nodes_[operation.subject].seen = true;
            break;
        case CrashAction::set_service:
            services_[operation.subject] = {operation.detail, operation.node};
            break;
        case CrashAction::remove_service:
            services_.erase(operation.subject);
            break;
        case CrashAction::set_domain:
            domains_[operation.subject] = operation.detail;
            break;
        case CrashAction::remove_domain:
            domains_.erase(operation.subject);
            break;
        case CrashAction::set_document:
            documents_[operation.subject] = operation.detail;
            break;
        case CrashAction::remove_document:
            documents_.erase(operation.subject);
            break;
        case CrashAction::import_inventory:
        case CrashAction::take_files:
            nodes_[next_id] = {.state = "declared", .address = declared_address(operation.subject)};
            break;
        case CrashAction::claim:
            fence_ = operation.subject;
            break;
        case CrashAction::adopt_public_rows:
        case CrashAction::write_measurements:
        case CrashAction::compact:
            break;
    }
}

std::set<std::string> CrashModel::facts() const {
    std::set<std::string> out;
    for (const auto& [id, node] : nodes_) {
        out.insert(fact("node", id, fmt::format("{} {} {} {}", node.state, node.drained, node.seen, node.address)));
    }
    for (const auto& [number, token] : tokens_) {
        out.insert(fmt::format("token {} {} {}", token_id(number), token.used ? 0 : 1, token.withdrawn));
    }
    for (const auto& [number, service] : services_) {
        const auto vips = service.node == 0 ? "" : vip_fact(service.node, vip_at_node(number, service.detail));
        out.insert(fact("service", number, service_rest(origin(service.detail), vips)));
    }
    for (const auto& [number, detail] : domains_) {
        out.insert(fmt::format("domain d{}.example {}", number, origin(detail)));
    }
    for (const auto& [number, detail] : documents_) {
        out.insert(fact("document", number, std::to_string(detail)));
    }
    return out;
}

bool carry_out(Store& store, const CrashOperation& operation) {
    const std::string name = std::to_string(operation.subject);
    const NodeId node{static_cast<std::uint16_t>(operation.subject)};
    switch (operation.action) {
        case CrashAction::create_token:
            return store.create_token(token_text(operation.subject), {.region = "eu"}, kNow).has_value();
        case CrashAction::join:
            return store.join(join_request(operation.subject), kNow).has_value();
        case CrashAction::withdraw_token:
            return store.withdraw_token(token_id(operation.subject), kNow).has_value();
        case CrashAction::revoke_node:
            return store.revoke_node(node, kNow).has_value();
        case CrashAction::drain_node:
            return store.set_drained(node, operation.detail % 2 == 0, kNow).has_value();
        case CrashAction::mark_seen:
            return store.mark_seen({&node, 1}, kNow).has_value();
        case CrashAction::set_service:
            return set_service(store, operation);
        case CrashAction::remove_service:
            return store.remove_service(name, kNow).has_value();
        case CrashAction::set_domain:
            return set_domain(store, operation.subject, origin(operation.detail));
        case CrashAction::remove_domain:
            return store.remove_domain("d" + name + ".example", kNow).has_value();
        case CrashAction::set_document:
            return store.set_document(name, std::to_string(operation.detail), kNow).has_value();
        case CrashAction::remove_document:
            return store.remove_document(name, kNow).has_value();
        case CrashAction::import_inventory:
            return import_node(store, operation.subject);
        case CrashAction::take_files:
            return list_node(store, operation.subject);
        case CrashAction::adopt_public_rows:
            return store.adopt_public_rows(kNow).has_value();
        case CrashAction::claim:
            return store.claim(Fence{operation.subject}).has_value();
        case CrashAction::write_measurements:
            return write_measurements(store, operation.detail);
        case CrashAction::compact:
            return store.compact(kNow).has_value();
    }
    return false;
}

std::set<std::string> facts_of(Store& store) {
    constexpr std::string_view kStates[] = {"declared", "joined", "revoked"};
    std::set<std::string> out;
    for (const NodeRecord& node : granted(store.nodes())) {
        out.insert(fact("node", raw(node.id),
                        fmt::format("{} {} {} {}", kStates[static_cast<std::size_t>(node.state)], node.drained,
                                    node.was_seen(), node.address.text())));
    }
    for (const TokenRecord& token : granted(store.tokens())) {
        out.insert(fmt::format("token {} {} {}", token.id, token.uses_left, token.withdrawn));
    }
    for (const ServiceRecord& service : granted(store.services())) {
        if (std::string_view(service.service.name).ends_with(kDomainEnd)) {
            continue;
        }
        std::string vips;
        for (const NodeVip& each : service.node_vips) {
            vips += vip_fact(raw(each.node), each.address.text());
        }
        out.insert(fmt::format("service {} {}", service.service.name,
                               service_rest(service.service.origins.at(0).address.text(), vips)));
    }
    for (const DomainRecord& domain : granted(store.domains())) {
        out.insert(fmt::format("domain {} {}", domain.domain, domain.origin_ip.text()));
    }
    for (const Document& document : granted(store.documents())) {
        out.insert(fmt::format("document {} {}", document.name, document.body));
    }
    return out;
}

}  // namespace izar
