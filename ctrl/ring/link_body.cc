#include "ctrl/ring/link_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace izar {
namespace {

constexpr double kMillion = 1e6;

template <typename Time>
std::uint32_t count_of(Nanos time) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(std::chrono::duration_cast<Time>(time).count(), 0, 0xFFFFFFFF));
}

}  // namespace

ring::Link link_body(const FeedLink& link) {
    ring::Link out{};
    out.from = raw(link.from);
    out.to = raw(link.to);
    out.reachable = link.reachable ? 1 : 0;
    out.round_trip = link.round_trip ? 1 : 0;
    out.rtt_us = count_of<std::chrono::microseconds>(link.rtt);
    out.variation_us = count_of<std::chrono::microseconds>(link.variation);
    out.loss_ppm = static_cast<std::uint32_t>(std::lround(std::clamp(link.loss, 0.0, 1.0) * kMillion));
    out.count = link.count;
    out.age_ms = count_of<std::chrono::milliseconds>(link.age);
    out.windows = link.bandwidth.count;
    out.used_bps = raw(link.bandwidth.used);
    out.capacity_bps = raw(link.bandwidth.capacity);
    return out;
}

std::optional<FeedLink> read_link_body(const ring::Link& body) {
    if (body.from == 0 || body.to == 0 || body.from == body.to || body.loss_ppm > kMillion) {
        return std::nullopt;
    }
    FeedLink out;
    out.from = NodeId{body.from};
    out.to = NodeId{body.to};
    out.reachable = body.reachable != 0;
    out.round_trip = body.round_trip != 0;
    out.rtt = std::chrono::microseconds{body.rtt_us};
    out.variation = std::chrono::microseconds{body.variation_us};
    out.loss = body.loss_ppm / kMillion;
    out.age = std::chrono::milliseconds{body.age_ms};
    out.count = body.count;
    out.bandwidth = {BitRate{body.used_bps}, BitRate{body.capacity_bps}, body.windows};
    return out;
}

std::string secret_line(NodeId self, NodeId peer, std::span<const std::uint8_t, 32> secret) {
    std::string out = fmt::format("link {} {} ", raw(self), raw(peer));
    for (const std::uint8_t byte : secret) {
        out += fmt::format("{:02x}", byte);
    }
    return out + "\n";
}

}  // namespace izar
