#include "tools/edge/shortage_log.h"

#include <fmt/format.h>

namespace izar {
namespace {

struct Shortage {
    std::uint64_t count;
    const char* what;
    const char* advice;
};

}  // namespace

std::vector<std::string> ShortageLog::look(const LcoreCounters& counted, Instant now) {
    const std::array<Shortage, kKinds> shortages{{
        {counted.flows_refused, "the IPv4 flow table is full", "raise memory.flows in edge.yaml"},
        {counted.flows_ipv6_refused, "the IPv6 flow table is full", "raise memory.flows_ipv6 in edge.yaml"},
        {counted.nat_ports_refused, "no egress port is free towards an origin", "add to egress_addresses in edge.yaml"},
        {counted.verdicts[static_cast<std::size_t>(Verdict::neighbors_full)], "the neighbour table is full",
         "put a gateway between this node and its hosts"},
    }};
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < kKinds; ++i) {
        Told& told = told_[i];
        if (shortages[i].count == told.count || (told.at && now - *told.at < kSilence)) {
            continue;
        }
        lines.push_back(fmt::format("{}: {} packets of new flows were refused; {}", shortages[i].what,
                                    shortages[i].count - told.count, shortages[i].advice));
        told = {shortages[i].count, now};
    }
    return lines;
}

}  // namespace izar
