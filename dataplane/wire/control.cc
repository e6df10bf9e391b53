#include "dataplane/wire/control.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr std::uint32_t kShortestIntervalUs = 1'000;
constexpr std::uint32_t kLongestIntervalUs = 60'000'000;

}  // namespace

bool parse_keep_alive(std::span<const std::uint8_t> message, KeepAliveView& out) noexcept {
    if (message.size() < sizeof(KeepAlive)) {
        return false;
    }
    const auto& head = *reinterpret_cast<const KeepAlive*>(message.data());
    if (head.kind != ControlKind::keep_alive || head.version != kControlVersion) {
        return false;
    }
    const std::size_t items = head.row_length.value();
    const std::size_t length = head.length.value();
    if (items > kMaxRowItems || length != keep_alive_length(items) || length > message.size()) {
        return false;
    }
    const std::uint32_t interval_us = head.interval_us.value();
    if (interval_us < kShortestIntervalUs || interval_us > kLongestIntervalUs || head.multiplier == 0) {
        return false;
    }
    out.interval = std::chrono::microseconds{interval_us};
    out.multiplier = head.multiplier;
    out.deaf = (head.flags & kKeepAliveDeaf) != 0;
    out.sent_packets = head.sent_packets.value();
    out.probe = head.probe.value();
    out.heard_probe = head.heard_probe.value();
    out.row = {reinterpret_cast<const RowItem*>(message.data() + sizeof(KeepAlive)), items};
    return true;
}

std::size_t write_keep_alive(std::span<std::uint8_t> out, const KeepAliveView& view) noexcept {
    const std::size_t length = keep_alive_length(view.row.size());
    CHECK(view.row.size() <= kMaxRowItems && out.size() >= length);
    KeepAlive head{};
    head.kind = ControlKind::keep_alive;
    head.version = kControlVersion;
    head.length = Be16{static_cast<std::uint16_t>(length)};
    const auto interval = std::chrono::duration_cast<std::chrono::microseconds>(view.interval);
    head.interval_us = Be32{static_cast<std::uint32_t>(interval.count())};
    head.multiplier = view.multiplier;
    head.flags = static_cast<std::uint8_t>(view.deaf ? kKeepAliveDeaf : 0);
    head.sent_packets = Be64{view.sent_packets};
    head.probe = Be16{view.probe};
    head.heard_probe = Be16{view.heard_probe};
    head.row_length = Be16{static_cast<std::uint16_t>(view.row.size())};
    std::memcpy(out.data(), &head, sizeof head);
    const auto row = std::as_bytes(view.row);  // may be empty and null, which memcpy must not be given
    std::copy(row.begin(), row.end(), reinterpret_cast<std::byte*>(out.data() + sizeof head));
    return length;
}

}  // namespace izar
