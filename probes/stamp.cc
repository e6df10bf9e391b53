#include "probes/stamp.h"

#include <algorithm>
#include <cstring>

namespace izar {
namespace {

constexpr std::uint64_t kNtpToUnix = 2'208'988'800;  // seconds from 1900 to 1970, RFC 868
constexpr std::uint64_t kSecond = 1'000'000'000;     // nanoseconds

}  // namespace

std::uint64_t ntp_of(StampInstant time) noexcept {
    const auto since = static_cast<std::uint64_t>(time.time_since_epoch().count());
    const std::uint64_t seconds = since / kSecond + kNtpToUnix;
    const std::uint64_t fraction = ((since % kSecond) << 32) / kSecond;
    return seconds << 32 | fraction;
}

Nanos stamp_interval(std::uint64_t earlier, std::uint64_t later, std::uint16_t error) noexcept {
    if ((error & kStampErrorPtp) != 0) {
        const auto seconds = static_cast<std::int32_t>((later >> 32) - (earlier >> 32));
        const auto nanos =
            static_cast<std::int64_t>(later & 0xFFFFFFFF) - static_cast<std::int64_t>(earlier & 0xFFFFFFFF);
        return std::chrono::seconds{seconds} + Nanos{nanos};
    }
    // Modulo 2^64, so that NTP's turn of an era in 2036 is no matter.
    const auto difference = static_cast<std::int64_t>(later - earlier);
    const std::int64_t seconds = difference >> 32;
    const auto fraction = static_cast<std::uint64_t>(difference & 0xFFFFFFFF);
    return std::chrono::seconds{seconds} + Nanos{static_cast<std::int64_t>(fraction * kSecond >> 32)};
}

std::optional<StampAnswer> read_stamp_reply(std::span<const std::uint8_t> packet) noexcept {
    if (packet.size() < kLeastStampBytes) {
        return std::nullopt;
    }
    StampReply reply{};
    std::memcpy(&reply, packet.data(), std::min(packet.size(), sizeof reply));
    const Nanos held = stamp_interval(reply.received.value(), reply.time.value(), reply.error.value());
    if (held < Nanos{0}) {
        return std::nullopt;
    }
    return StampAnswer{reply.probe_sequence.value(), reply.session.value(), held};
}

bool reflect_stamp(std::span<std::uint8_t> packet, std::uint8_t ttl, StampInstant received,
                   StampInstant sent) noexcept {
    if (packet.size() < kLeastStampBytes) {
        return false;
    }
    const std::size_t length = std::min(packet.size(), sizeof(StampProbe));
    StampProbe probe{};
    std::memcpy(&probe, packet.data(), length);
    StampReply reply{};
    reply.sequence = probe.sequence;
    reply.time = Be64{ntp_of(sent)};
    reply.error = Be16{kStampError};
    reply.session = probe.session;
    reply.received = Be64{ntp_of(received)};
    reply.probe_sequence = probe.sequence;
    reply.probe_time = probe.time;
    reply.probe_error = probe.error;
    reply.probe_ttl = ttl;
    std::memcpy(packet.data(), &reply, length);
    return true;
}

}  // namespace izar
