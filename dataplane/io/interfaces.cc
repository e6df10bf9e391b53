#include "dataplane/io/interfaces.h"

#include <algorithm>

namespace izar {

std::optional<IpAddress> Interface::address_of(Family family) const noexcept {
    const auto at = std::ranges::find_if(addresses, [&](const auto& a) { return a.address.family() == family; });
    return at == addresses.end() ? std::nullopt : std::optional(at->address);
}

Interfaces::Interfaces(std::vector<Interface> ports, PortIndex overlay_port, std::vector<IpAddress> egress_addresses)
    : ports_(std::move(ports)), overlay_port_(overlay_port), egress_addresses_(std::move(egress_addresses)) {
    if (const auto v4 = port(overlay_port_).address_of(Family::ipv4)) {
        overlay_ipv4_ = v4->v4();
    }
    if (const auto v6 = port(overlay_port_).address_of(Family::ipv6)) {
        overlay_ipv6_ = v6->v6();
    }
}

std::optional<NextHop> Interfaces::next_hop(const IpAddress& destination) const noexcept {
    for (std::size_t p = 0; p < ports_.size(); ++p) {
        for (const auto& address : ports_[p].addresses) {
            if (address.contains(destination)) {
                return NextHop{PortIndex{static_cast<std::uint8_t>(p)}, destination};
            }
        }
    }
    for (std::size_t p = 0; p < ports_.size(); ++p) {
        for (const auto& gateway : ports_[p].gateways) {
            if (gateway.family() == destination.family()) {
                return NextHop{PortIndex{static_cast<std::uint8_t>(p)}, gateway};
            }
        }
    }
    return std::nullopt;
}

bool Interfaces::is_own(const IpAddress& address) const noexcept {
    return std::ranges::any_of(ports_, [&](const Interface& port) {
        return std::ranges::any_of(port.addresses, [&](const auto& own) { return own.address == address; });
    });
}

bool Interfaces::is_egress(const IpAddress& address) const noexcept {
    return std::ranges::find(egress_addresses_, address) != egress_addresses_.end();
}

}  // namespace izar
