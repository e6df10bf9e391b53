#include "ctrl/store/node_vips.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/base/address_rules.h"
#include "dataplane/tables/service_rules.h"

namespace izar {
namespace {

// What is wrong with one, beside those before it in the list; empty: nothing.
std::string problem_of(const Service& service, const NodeVip& vip, std::span<const NodeVip> before) {
    const auto any = [&](auto alike) { return std::any_of(before.begin(), before.end(), alike); };
    const std::string text = vip.address.text();
    if (any([&](const NodeVip& each) { return each.node == vip.node; })) {
        return "names a node that stands there already; keep one";
    }
    if (any([&](const NodeVip& each) { return each.address == vip.address; })) {
        return fmt::format("'{}' is another node's already; give each node its own", text);
    }
    if (vip.address == service.vip) {
        return fmt::format("'{}' is the service's vip at every node; leave it out", text);
    }
    if (is_host_address(vip.address) && vip.address.family() != service.vip.family()) {
        return fmt::format("'{}' is {}, the service's vip is {}; make a service of its own for the other family", text,
                           family_name(vip.address.family()), family_name(service.vip.family()));
    }
    const auto problems = service_problems(service_at(service, vip), NoEgress::means_every_node);
    return problems.empty() ? "" : fmt::format("{}: {}", place_of(problems.front()), problems.front().text);
}

}  // namespace

Service service_at(const Service& service, const NodeVip& vip) {
    Service out = service;
    out.id = vip.id;
    out.vip = vip.address;
    return out;
}

const NodeVip* find_vip(const std::vector<NodeVip>& node_vips, const IpAddress& address) {
    const auto found =
        std::find_if(node_vips.begin(), node_vips.end(), [&](const NodeVip& each) { return each.address == address; });
    return found == node_vips.end() ? nullptr : &*found;
}

bool has_vip(const ServiceRecord& record, const IpAddress& address) {
    return record.service.vip == address || find_vip(record.node_vips, address) != nullptr;
}

Result<void> check_node_vips(const Service& service, std::span<const NodeVip> node_vips) {
    for (std::size_t i = 0; i < node_vips.size(); ++i) {
        if (const auto problem = problem_of(service, node_vips[i], node_vips.first(i)); !problem.empty()) {
            return fail(fmt::format("service {}: vips_at[{}]: {}", service.name, i, problem));
        }
    }
    return {};
}

}  // namespace izar
