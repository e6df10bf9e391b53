#include "ctrl/controller/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace izar {
namespace {

// FNV-1a, and murmur3's last step: neighbours in the address must not be neighbours in the hash.
std::uint64_t hash_of(const std::string& client, NodeId node) {
    std::uint64_t out = 0xCBF29CE484222325;
    const auto add = [&](std::uint8_t byte) { out = (out ^ byte) * 0x100000001B3; };
    for (const char each : client) {
        add(static_cast<std::uint8_t>(each));
    }
    add(static_cast<std::uint8_t>(raw(node) >> 8));
    add(static_cast<std::uint8_t>(raw(node)));
    out = (out ^ (out >> 33)) * 0xFF51AFD7ED558CCD;
    out = (out ^ (out >> 33)) * 0xC4CEB9FE1A85EC53;
    return out ^ (out >> 33);
}

// Weighted rendezvous: the highest score wins, and a node wins as often as its part says.
double score(const std::string& client, NodeId node, double part) {
    const double uniform = (static_cast<double>(hash_of(client, node) >> 11) + 0.5) / 0x1p53;
    return -part / std::log(uniform);
}

Ingress ingress_of(const FleetNode& node, const ServiceRecord& record) {
    const auto own = std::ranges::find(record.node_vips, node.id, &NodeVip::node);
    const bool has_own = own != record.node_vips.end();
    return {.node = node.id,
            .name = node.name,
            .region = node.region,
            .address = has_own ? own->address : record.service.vip,
            .own_vip = has_own};
}

void set_weights(std::vector<Ingress>& ingresses, const RegionShares& shares) {
    double sum = 0;
    for (const Ingress& ingress : ingresses) {
        sum += shares.percent_of_equal(ingress.node);
    }
    std::vector<double> parts;
    parts.reserve(ingresses.size());
    for (const Ingress& ingress : ingresses) {
        parts.push_back(shares.percent_of_equal(ingress.node) / sum);
    }
    const auto weights = to_weights(parts);
    for (std::size_t i = 0; i < ingresses.size(); ++i) {
        ingresses[i].weight = weights[i];
    }
}

void put_in_order(std::vector<Ingress>& ingresses, const RegionShares& shares, const std::optional<IpAddress>& client) {
    const std::string text = client ? client->text() : "";
    const auto rank = [&](const Ingress& ingress) {
        const double part = shares.percent_of_equal(ingress.node);
        return client ? score(text, ingress.node, part) : part;
    };
    std::ranges::stable_sort(ingresses, std::ranges::greater{}, rank);
}

}  // namespace

Result<Resolved> resolve(const DesiredState& desired, const RegionShares& shares, const ResolveQuery& query) {
    const auto domain = desired.domains().find(query.domain);
    if (domain == desired.domains().end()) {
        return fail(fmt::format("there is no domain '{}'", query.domain.substr(0, 255)));
    }
    if (domain->second.service.empty()) {
        return fail(fmt::format("domain '{}' leads to no service; `izar domain set` gives it one", query.domain));
    }
    const auto record = std::ranges::find_if(desired.service_records(), [&](const auto& each) {
        return domain->second.service == each.second.service.name;
    });
    const bool is_there = record != desired.service_records().end();
    const auto service = is_there ? desired.services().find(record->first) : desired.services().end();
    if (service == desired.services().end()) {
        return fail(fmt::format("no node serves '{}' now", query.domain));
    }
    Resolved out{.service = service->second};
    std::vector<Ingress> elsewhere;
    for (const auto& [id, node] : desired.nodes()) {
        if (shares.weight(id) > 0) {
            auto& taken = query.region.empty() || query.region == node.region ? out.ingresses : elsewhere;
            taken.push_back(ingress_of(node, record->second));
        }
    }
    if (out.ingresses.empty()) {
        out.ingresses = std::move(elsewhere);
    }
    if (out.ingresses.empty()) {
        return fail("no node takes clients in now");
    }
    set_weights(out.ingresses, shares);
    put_in_order(out.ingresses, shares, query.client);
    return out;
}

}  // namespace izar
