#include "perf/forward/scenario.h"

#include <fmt/format.h>

#include <array>

namespace izar {
namespace {

constexpr std::array<std::string_view, 4> kRoleNames = {"ingress", "relay", "egress", "direct"};
constexpr std::array<std::string_view, 3> kPortKindNames = {"net_ring", "net_memif", "net_pcap"};
constexpr std::array<std::string_view, 5> kForgeryNames = {"none", "tag", "replay", "epoch", "peer"};

Ipv4Address host_of(std::uint32_t network, std::uint32_t host) noexcept {
    return Ipv4Address{Be32{network + host}};
}

}  // namespace

std::string_view role_name(Role role) noexcept {
    return kRoleNames[static_cast<std::size_t>(role)];
}

Result<Role> role_of(std::string_view name) {
    for (std::size_t i = 0; i < kRoleNames.size(); ++i) {
        if (kRoleNames[i] == name) {
            return static_cast<Role>(i);
        }
    }
    return fail(fmt::format("there is no role '{}'; use ingress, relay, egress or direct", name));
}

Result<PortKind> port_kind_of(std::string_view name) {
    for (std::size_t i = 0; i < kPortKindNames.size(); ++i) {
        if (kPortKindNames[i] == name) {
            return static_cast<PortKind>(i);
        }
    }
    return fail(fmt::format("there are no ports '{}'; use net_ring, net_memif or net_pcap", name));
}

Result<Forgery> forgery_of(std::string_view name) {
    for (std::size_t i = 0; i < kForgeryNames.size(); ++i) {
        if (kForgeryNames[i] == name) {
            return static_cast<Forgery>(i);
        }
    }
    return fail(fmt::format("there is no forgery '{}'; use none, tag, replay, epoch or peer", name));
}

Ipv4Address wan_address(NodeSlot node) noexcept {
    return host_of(0xC6336400, raw(node) + 1U);
}

Ipv4Address lan_address(unsigned host) noexcept {
    return host_of(0xC0A80000, host);
}

Ipv4Address service_vip() noexcept {
    return host_of(0xCB007100, 1);
}

MacAddress mac_of(unsigned number) noexcept {
    return {{0x02, 0x00, 0x5E, 0x00, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
}

}  // namespace izar
