#include "ctrl/frames/messages.h"

#include <control.pb.h>
#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ctrl/frames/frame.h"
#include "dataplane/base/check.h"
#include "dataplane/base/limits.h"

namespace izar {
namespace {

constexpr double kMillion = 1e6;
constexpr std::uint64_t kMostBitRate = 1'000'000'000'000'000;
constexpr std::uint32_t kLongestRttUs = 60'000'000;  // a minute; more is no measurement
constexpr std::uint32_t kMostProbes = 1'000'000;     // behind one result

std::uint32_t microseconds(Nanos time) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, kLongestRttUs));
}

std::uint32_t milliseconds(Nanos time) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(ms, 0, 0xFFFFFFFF));
}

bool is_port(std::uint32_t port) {
    return port <= 65'535;
}

bool is_node(std::uint32_t id) {
    return id >= 1 && id <= 65'535;
}

Result<FlowTimeouts> read_timeouts(const control::Timeouts& message) {
    FlowTimeouts out;
    const auto take = [](std::uint64_t value, Nanos& into) {
        into = value == 0 ? into : Nanos{static_cast<std::int64_t>(value)};
        return into > Nanos{0} && into <= std::chrono::hours{24 * 366};
    };
    if (!take(message.tcp_opening_ns(), out.tcp_opening) || !take(message.tcp_established_ns(), out.tcp_established) ||
        !take(message.tcp_closing_ns(), out.tcp_closing) || !take(message.udp_ns(), out.udp) ||
        !take(message.icmp_ns(), out.icmp)) {
        return fail("a timeout is longer than a year");
    }
    return out;
}

Result<void> read_egresses(const control::Service& message, Service& out) {
    if (static_cast<std::size_t>(message.egresses_size()) > kMaxEgresses) {
        return fail(fmt::format("{} egresses, at most {}", message.egresses_size(), kMaxEgresses));
    }
    for (const control::Egress& egress : message.egresses()) {
        if (!is_node(egress.node())) {
            return fail(fmt::format("egress node id {}", egress.node()));
        }
        out.egresses.push_back({NodeId{static_cast<std::uint16_t>(egress.node())}, egress.weight()});
    }
    return {};
}

Result<void> read_origins(const control::Service& message, Service& out) {
    if (static_cast<std::size_t>(message.origins_size()) > kMaxOrigins) {
        return fail(fmt::format("{} origins, at most {}", message.origins_size(), kMaxOrigins));
    }
    for (const control::Origin& origin : message.origins()) {
        const auto address = read_address(origin.address());
        if (!address || address->family() != out.vip.family() || !is_port(origin.port())) {
            return fail("an origin's address is not of the VIP's family, or its port is none");
        }
        out.origins.push_back({*address, static_cast<std::uint16_t>(origin.port()), origin.weight()});
    }
    return {};
}

}  // namespace

std::string address_bytes(const IpAddress& address) {
    const std::size_t length = address.family() == Family::ipv4 ? 4 : 16;
    return {reinterpret_cast<const char*>(address.bytes().data()), length};
}

Result<IpAddress> read_address(const std::string& bytes) {
    if (bytes.size() == sizeof(Ipv4Address)) {
        Ipv4Address out{};
        std::memcpy(&out, bytes.data(), sizeof out);
        return out;
    }
    if (bytes.size() == sizeof(Ipv6Address)) {
        Ipv6Address out{};
        std::memcpy(&out, bytes.data(), sizeof out);
        return out;
    }
    return fail(fmt::format("an address has 4 or 16 bytes, not {}", bytes.size()));
}

Result<void> check_name(const std::string& name) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    if (name.empty() || name.size() >= kNameLength || !std::ranges::all_of(name, is_allowed)) {
        return fail(fmt::format("a name has 1 to {} letters, digits, '.', '_' or '-'", kNameLength - 1));
    }
    return {};
}

control::Node node_message(const FleetNode& node) {
    control::Node out;
    out.set_id(raw(node.id));
    out.set_name(node.name);
    out.set_region(node.region);
    out.set_address(address_bytes(node.overlay_address));
    return out;
}

Result<FleetNode> read_node(const control::Node& message) {
    const auto address = read_address(message.address());
    if (!is_node(message.id()) || !address) {
        return fail(fmt::format("node {} has no id from 1 to 65535 or no address", message.id()));
    }
    for (const std::string& name : {message.name(), message.region()}) {
        if (auto good = check_name(name); !good) {
            return fail(fmt::format("node {}: {}", message.id(), good.error().text));
        }
    }
    FleetNode out;
    out.id = NodeId{static_cast<std::uint16_t>(message.id())};
    out.overlay_address = *address;
    std::memcpy(out.name, message.name().c_str(), message.name().size() + 1);
    std::memcpy(out.region, message.region().c_str(), message.region().size() + 1);
    return out;
}

control::Service service_message(const Service& service) {
    control::Service out;
    out.set_id(raw(service.id));
    out.set_name(service.name);
    out.set_vip(address_bytes(service.vip));
    out.set_transport(raw(service.transport));
    out.set_first_port(service.first_port);
    out.set_last_port(service.last_port);
    out.set_duplicate(service.duplicate);
    control::Timeouts& timeouts = *out.mutable_timeouts();
    timeouts.set_tcp_opening_ns(static_cast<std::uint64_t>(service.timeouts.tcp_opening.count()));
    timeouts.set_tcp_established_ns(static_cast<std::uint64_t>(service.timeouts.tcp_established.count()));
    timeouts.set_tcp_closing_ns(static_cast<std::uint64_t>(service.timeouts.tcp_closing.count()));
    timeouts.set_udp_ns(static_cast<std::uint64_t>(service.timeouts.udp.count()));
    timeouts.set_icmp_ns(static_cast<std::uint64_t>(service.timeouts.icmp.count()));
    for (const Egress& egress : service.egresses) {
        control::Egress& one = *out.add_egresses();
        one.set_node(raw(egress.node));
        one.set_weight(egress.weight);
    }
    for (const Origin& origin : service.origins) {
        control::Origin& one = *out.add_origins();
        one.set_address(address_bytes(origin.address));
        one.set_port(origin.port);
        one.set_weight(origin.weight);
    }
    return out;
}

Result<Service> read_service(const control::Service& message) {
    const auto vip = read_address(message.vip());
    const auto named = check_name(message.name());
    const auto timeouts = read_timeouts(message.timeouts());
    const auto wrong = [&](const std::string& what) { return fail(fmt::format("service {}: {}", message.id(), what)); };
    if (!named || !vip || !timeouts) {
        return wrong(!named ? named.error().text : !vip ? vip.error().text : timeouts.error().text);
    }
    if (message.id() == 0 || message.id() >= (1U << 24) || message.transport() > raw(Transport::icmp) ||
        !is_port(message.first_port()) || !is_port(message.last_port()) || message.first_port() > message.last_port()) {
        return wrong("id, transport or ports are out of range");
    }
    Service out;
    out.id = ServiceId{message.id()};
    std::memcpy(out.name, message.name().c_str(), message.name().size() + 1);
    out.vip = *vip;
    out.transport = static_cast<Transport>(message.transport());
    out.first_port = static_cast<std::uint16_t>(message.first_port());
    out.last_port = static_cast<std::uint16_t>(message.last_port());
    out.timeouts = *timeouts;
    out.duplicate = message.duplicate();
    if (auto done = read_egresses(message, out); !done) {
        return wrong(done.error().text);
    }
    if (auto done = read_origins(message, out); !done) {
        return wrong(done.error().text);
    }
    return out;
}

control::LinkItem link_message(const FeedLink& link) {
    control::LinkItem out;
    out.set_to(raw(link.to));
    out.set_reachable(link.reachable);
    out.set_rtt_us(microseconds(link.rtt));
    out.set_variation_us(microseconds(link.variation));
    out.set_loss_ppm(static_cast<std::uint32_t>(std::lround(std::clamp(link.loss, 0.0, 1.0) * kMillion)));
    out.set_count(link.count);
    if (link.bandwidth.count > 0) {
        out.set_used_bps(raw(link.bandwidth.used));
    }
    return out;
}

Result<FeedLink> read_link(NodeId from, const control::LinkItem& message) {
    if (!is_node(message.to()) || message.to() == raw(from) || message.rtt_us() > kLongestRttUs ||
        message.variation_us() > kLongestRttUs || message.loss_ppm() > 1'000'000 || message.used_bps() > kMostBitRate) {
        return fail(fmt::format("link {} to {} has a value out of range", raw(from), message.to()));
    }
    FeedLink out;
    out.from = from;
    out.to = NodeId{static_cast<std::uint16_t>(message.to())};
    out.reachable = message.reachable();
    out.rtt = std::chrono::microseconds{message.rtt_us()};
    out.variation = std::chrono::microseconds{message.variation_us()};
    out.loss = message.loss_ppm() / kMillion;
    out.count = message.count();
    if (message.has_used_bps()) {
        out.bandwidth = {.used = BitRate{message.used_bps()}, .count = 1};
    }
    return out;
}

control::LegItem leg_message(const MeasuredLeg& leg, Instant now) {
    const Measurement& measured = leg.measured;
    CHECK(measured.samples != 0);
    control::LegItem out;
    out.set_origin(leg.leg == Leg::origin);
    out.set_timestamps(measured.source == MeasurementSource::tcp_timestamp);
    out.set_rtt_us(microseconds(measured.mean));
    out.set_least_us(microseconds(measured.least));
    out.set_variation_us(microseconds(measured.variation));
    out.set_count(measured.samples);
    out.set_age_ms(milliseconds(measured.age(now)));
    return out;
}

Result<MeasuredLeg> read_leg(const control::LegItem& message, Instant now) {
    if (message.count() == 0 || message.rtt_us() > kLongestRttUs || message.least_us() > message.rtt_us() ||
        message.variation_us() > kLongestRttUs) {
        return fail(fmt::format("a leg to {} has a value out of range", message.origin() ? "origins" : "clients"));
    }
    MeasuredLeg out;
    out.leg = message.origin() ? Leg::origin : Leg::client;
    out.measured = {
        .source = message.timestamps() ? MeasurementSource::tcp_timestamp : MeasurementSource::tcp_handshake,
        .samples = message.count(),
        .lost = 0,
        .least = std::chrono::microseconds{message.least_us()},
        .mean = std::chrono::microseconds{message.rtt_us()},
        .variation = std::chrono::microseconds{message.variation_us()},
        .newest = now - std::chrono::milliseconds{message.age_ms()}};
    return out;
}

control::ProbeTarget target_message(const ProbeTarget& target) {
    control::ProbeTarget out;
    out.set_address(address_bytes(target.address));
    out.set_port(target.port);
    out.set_node(raw(target.node));
    out.set_stamp(target.stamp);
    return out;
}

Result<ProbeTarget> read_target(const control::ProbeTarget& message) {
    const auto address = read_address(message.address());
    if (!address) {
        return tl::unexpected(address.error());
    }
    if (message.port() == 0 || message.port() > 65'535 || message.node() > 65'535) {
        return fail(fmt::format("probe of port {} of node {}", message.port(), message.node()));
    }
    return ProbeTarget{*address, static_cast<std::uint16_t>(message.port()),
                       NodeId{static_cast<std::uint16_t>(message.node())}, message.stamp()};
}

control::ProbeResult result_message(const ProbeAnswer& answer) {
    control::ProbeResult out;
    *out.mutable_target() = target_message(answer.target);
    out.set_samples(answer.measured.samples);
    out.set_lost(answer.measured.lost);
    if (answer.measured.samples != 0) {
        out.set_rtt_us(microseconds(answer.measured.mean));
    }
    return out;
}

Result<ProbeAnswer> read_result(const control::ProbeResult& message) {
    const auto target = read_target(message.target());
    if (!target) {
        return tl::unexpected(target.error());
    }
    if (message.rtt_us() > kLongestRttUs || message.samples() > kMostProbes || message.lost() > kMostProbes) {
        return fail("the result of a probe has a value out of range");
    }
    ProbeAnswer out;
    out.target = *target;
    out.measured.source = target->stamp ? MeasurementSource::stamp : MeasurementSource::tcp_connect;
    out.measured.lost = message.lost();
    if (message.has_rtt_us()) {
        out.measured.samples = std::max(message.samples(), 1U);
        out.measured.mean = std::chrono::microseconds{message.rtt_us()};
    }
    return out;
}

void silence_protobuf() {
    google::protobuf::SetLogHandler(nullptr);
}

template <typename Message>
std::vector<std::uint8_t> message_frame(const Message& message) {
    const std::string payload = message.SerializeAsString();
    return frame_of({reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()});
}

template <typename Message>
std::optional<Message> read_message(std::span<const std::uint8_t> payload) {
    Message out;
    if (!out.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return std::nullopt;
    }
    return out;
}

template std::vector<std::uint8_t> message_frame(const control::ToAgent&);
template std::vector<std::uint8_t> message_frame(const control::ToController&);
template std::vector<std::uint8_t> message_frame(const control::StaticUpdate&);
template std::optional<control::ToAgent> read_message(std::span<const std::uint8_t>);
template std::optional<control::ToController> read_message(std::span<const std::uint8_t>);
template std::optional<control::StaticUpdate> read_message(std::span<const std::uint8_t>);

}  // namespace izar
