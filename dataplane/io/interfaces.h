// interfaces.h -- Interfaces: this node's ports as IP sees them: own addresses, on-link prefixes, gateways.
//
// Thread: built by main, constant afterwards; any thread reads.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/config/edge_config.h"

namespace izar {

struct NextHop {
    PortIndex port = kNoPort;
    IpAddress address;  // whose MAC address the frame needs: the destination itself or a gateway
};

struct Interface {
    std::uint16_t mtu = 1500;
    MacAddress mac{};
    std::vector<InterfaceAddress> addresses;
    std::vector<IpAddress> gateways;

    std::optional<IpAddress> address_of(Family family) const noexcept;  // the first of that family
};

class Interfaces {
  public:
    Interfaces(std::vector<Interface> ports, PortIndex overlay_port, std::vector<IpAddress> egress_addresses);

    // Where a packet to `destination` goes next: on-link first, then a gateway; nullopt if neither.
    std::optional<NextHop> next_hop(const IpAddress& destination) const noexcept;

    bool is_own(const IpAddress& address) const noexcept;
    bool is_egress(const IpAddress& address) const noexcept;
    const Interface& port(PortIndex index) const noexcept { return ports_[raw(index)]; }
    std::span<const Interface> ports() const noexcept { return ports_; }
    PortIndex overlay_port() const noexcept { return overlay_port_; }
    // The underlay addresses of this node: the overlay port's first of each family.
    const std::optional<Ipv4Address>& overlay_ipv4() const noexcept { return overlay_ipv4_; }
    const std::optional<Ipv6Address>& overlay_ipv6() const noexcept { return overlay_ipv6_; }
    std::span<const IpAddress> egress_addresses() const noexcept { return egress_addresses_; }

  private:
    std::vector<Interface> ports_;
    PortIndex overlay_port_;
    std::vector<IpAddress> egress_addresses_;
    std::optional<Ipv4Address> overlay_ipv4_;
    std::optional<Ipv6Address> overlay_ipv6_;
};

}  // namespace izar
