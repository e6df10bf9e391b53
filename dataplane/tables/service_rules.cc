#include "dataplane/tables/service_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "dataplane/base/address_rules.h"
#include "dataplane/base/limits.h"

namespace izar {
namespace {

using Problems = std::vector<ServiceProblem>;

template <typename Items>
bool has_weight(const Items& items) {
    return std::any_of(items.begin(), items.end(), [](const auto& item) { return item.weight > 0; });
}

void check_weight(std::uint32_t weight, ServicePart part, std::size_t item, Problems& problems) {
    if (weight > kMostWeight) {
        problems.push_back({part, item, fmt::format("has weight {}; the most is {}", weight, kMostWeight)});
    }
}

void check_ports(const Service& service, Problems& problems) {
    const auto add = [&](std::string text) { problems.push_back({ServicePart::ports, 0, std::move(text)}); };
    const std::uint16_t first = service.first_port;
    const std::uint16_t last = service.last_port;
    if (service.transport == Transport::icmp) {
        if (first != 0 || last != 0) {
            add("icmp has no ports; leave the key out");
        }
    } else if (first > last) {
        add(fmt::format("'{}-{}' ends before it begins; write the smaller port first", first, last));
    } else if (first == 0 && last != 65535) {
        add("port 0 is none; write 80, 8000-8099 or any (ports are 1 to 65535)");
    }
}

void check_timeouts(const FlowTimeouts& timeouts, Problems& problems) {
    for (const Nanos timeout :
         {timeouts.tcp_opening, timeouts.tcp_established, timeouts.tcp_closing, timeouts.udp, timeouts.icmp}) {
        if (timeout < kLeastFlowTimeout || timeout > kMostFlowTimeout) {
            problems.push_back({ServicePart::timeouts, 0, "one is out of bounds; allowed are 1s to 24h"});
            return;
        }
    }
}

void check_egresses(const Service& service, NoEgress no_egress, Problems& problems) {
    const auto& all = service.egresses;
    if (all.size() > kMaxEgresses) {
        problems.push_back(
            {ServicePart::egresses, 0, fmt::format("has {}, at most {} are allowed", all.size(), kMaxEgresses)});
        return;
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto same = [&](const Egress& e) { return e.node == all[i].node; };
        if (all[i].node == kNoNode) {
            problems.push_back({ServicePart::egress, i, "is no node"});
        } else if (std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i), same)) {
            problems.push_back({ServicePart::egress, i, "names a node that stands there already; keep one"});
        }
        check_weight(all[i].weight, ServicePart::egress, i, problems);
    }
    if (!has_weight(all) && !(all.empty() && no_egress == NoEgress::means_every_node)) {
        problems.push_back(
            {ServicePart::egresses, 0, "names no egress with a weight above 0; give the nodes near the origins"});
    }
}

void check_origin_address(const Service& service, std::size_t item, Problems& problems) {
    const IpAddress& address = service.origins[item].address;
    const auto add = [&](std::string text) {
        problems.push_back({ServicePart::origin_address, item, std::move(text)});
    };
    if (!is_host_address(address)) {
        add(no_host_address(address));
    } else if (service.vip.is_unspecified()) {
        return;  // there is nothing to compare with, which is a problem of its own
    } else if (address.family() != service.vip.family()) {
        add(
            fmt::format("'{}' is {}, the service's vip is {}; translation between families is not supported, give "
                        "the service a vip of the origins' family",
                        address.text(), family_name(address.family()), family_name(service.vip.family())));
    } else if (address == service.vip) {
        add("is the service's own vip; give the address of a server behind it");
    }
}

void check_origins(const Service& service, Problems& problems) {
    const auto& all = service.origins;
    if (all.size() > kMaxOrigins) {
        problems.push_back(
            {ServicePart::origins, 0, fmt::format("has {}, at most {} are allowed", all.size(), kMaxOrigins)});
        return;
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        check_origin_address(service, i, problems);
        if (service.transport == Transport::icmp && all[i].port != 0) {
            problems.push_back({ServicePart::origin_port, i, "icmp has no ports; leave the key out"});
        }
        const auto same = [&](const Origin& o) { return o.address == all[i].address && o.port == all[i].port; };
        if (std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i), same)) {
            problems.push_back({ServicePart::origin, i,
                                "is an origin that stands there already; keep one, with the sum of their weights"});
        }
        check_weight(all[i].weight, ServicePart::origin, i, problems);
    }
    if (!has_weight(all)) {
        problems.push_back(
            {ServicePart::origins, 0, "names no origin with a weight above 0; give at least one server"});
    }
}

}  // namespace

Result<PortRange> parse_port_range(std::string_view text) {
    if (text == "any") {
        return PortRange{};
    }
    const auto wrong = [&] {
        return fail(fmt::format("'{}' is not a port; write 80, 8000-8099 or any (ports are 1 to 65535)", text));
    };
    PortRange range;
    const char* last = text.data() + text.size();
    const auto [middle, first_code] = std::from_chars(text.data(), last, range.first);
    if (first_code != std::errc{} || range.first == 0) {
        return wrong();
    }
    range.last = range.first;
    if (middle == last) {
        return range;
    }
    const auto [end, last_code] = std::from_chars(middle + 1, last, range.last);
    if (*middle != '-' || last_code != std::errc{} || end != last) {
        return wrong();
    }
    if (range.last < range.first) {
        return fail(fmt::format("'{}' ends before it begins; write the smaller port first", text));
    }
    return range;
}

std::vector<ServiceProblem> service_problems(const Service& service, NoEgress no_egress) {
    Problems problems;
    if (!is_host_address(service.vip)) {
        problems.push_back({ServicePart::vip, 0, no_host_address(service.vip)});
    }
    check_ports(service, problems);
    check_timeouts(service.timeouts, problems);
    check_egresses(service, no_egress, problems);
    check_origins(service, problems);
    return problems;
}

std::string place_of(const ServiceProblem& problem) {
    switch (problem.part) {
        case ServicePart::vip:
            return "vip";
        case ServicePart::ports:
            return "ports";
        case ServicePart::timeouts:
            return "timeouts";
        case ServicePart::egresses:
            return "egresses";
        case ServicePart::egress:
            return fmt::format("egresses[{}]", problem.item);
        case ServicePart::origins:
            return "origins";
        case ServicePart::origin:
            return fmt::format("origins[{}]", problem.item);
        case ServicePart::origin_address:
            return fmt::format("origins[{}].address", problem.item);
        case ServicePart::origin_port:
            return fmt::format("origins[{}].port", problem.item);
    }
    return "";
}

std::optional<std::string> vip_conflict(const IpAddress& vip, std::span<const FleetNode> nodes,
                                        std::span<const IpAddress> egress_addresses) {
    if (std::find(egress_addresses.begin(), egress_addresses.end(), vip) != egress_addresses.end()) {
        return fmt::format("'{}' is an egress address of this node too; choose another vip", vip.text());
    }
    const auto node =
        std::find_if(nodes.begin(), nodes.end(), [&](const FleetNode& n) { return n.overlay_address == vip; });
    if (node != nodes.end()) {
        return fmt::format("'{}' is the overlay address of node '{}' too; choose another vip", vip.text(), node->name);
    }
    return std::nullopt;
}

}  // namespace izar
