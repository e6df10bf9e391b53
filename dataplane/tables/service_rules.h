// service_rules.h -- What a service may be, whoever makes it: a line of edge.yaml or an operator of a controller.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/tables/fleet.h"
#include "dataplane/tables/service_table.h"

namespace izar {

inline constexpr std::uint32_t kMostServiceId = 0xFFFFFF;  // the GENEVE VNI has 24 bits
inline constexpr std::uint32_t kMostWeight = 65535;        // of an egress or origin
inline constexpr Nanos kLeastFlowTimeout = std::chrono::seconds{1};
inline constexpr Nanos kMostFlowTimeout = std::chrono::hours{24};

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 65535;
};

// "80", "8000-8099" or "any". The error repeats the text.
Result<PortRange> parse_port_range(std::string_view text);

// What a problem is about. Items are counted from 0.
enum class ServicePart : std::uint8_t {
    vip,
    ports,
    timeouts,
    egresses,        // all of them
    egress,          // one
    origins,         // all of them
    origin,          // one
    origin_address,  // of one
    origin_port,     // of one
};

struct ServiceProblem {
    ServicePart part;
    std::size_t item = 0;  // which egress or origin
    std::string text;      // is read behind the name of the part
};

// Who the egresses are when none is named.
enum class NoEgress : std::uint8_t { refused, means_every_node };

// All that is wrong with the definition itself; its name and id aside.
std::vector<ServiceProblem> service_problems(const Service& service, NoEgress no_egress);

// "vip", "origins[1].port".
std::string place_of(const ServiceProblem& problem);

// Why an address cannot be a VIP beside these nodes and a node's egress addresses: it would be answered twice.
std::optional<std::string> vip_conflict(const IpAddress& vip, std::span<const FleetNode> nodes,
                                        std::span<const IpAddress> egress_addresses);

}  // namespace izar
