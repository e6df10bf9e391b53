// critical.cc -- Six bytes of header, five a change.
#include "sched/summary/critical.h"

#include <fmt/format.h>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr std::size_t kHeaderBytes = 6;
constexpr std::size_t kChangeBytes = 5;

bool about_link(CriticalKind kind) {
    return kind == CriticalKind::link_down || kind == CriticalKind::link_up;
}

void put_id(std::vector<std::uint8_t>& out, NodeId id) {
    out.push_back(static_cast<std::uint8_t>(raw(id) >> 8));
    out.push_back(static_cast<std::uint8_t>(raw(id)));
}

NodeId get_id(std::span<const std::uint8_t> bytes) {
    return NodeId{static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1])};
}

}  // namespace

std::vector<std::uint8_t> encode_critical(const CriticalMessage& message) {
    CHECK(message.changes.size() <= kMaxCriticalChanges);
    std::vector<std::uint8_t> out{kCriticalVersion, static_cast<std::uint8_t>(message.changes.size())};
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(message.until >> shift));
    for (const CriticalChange& change : message.changes) {
        out.push_back(static_cast<std::uint8_t>(change.kind));
        put_id(out, change.node);
        put_id(out, change.far_node);
    }
    return out;
}

Result<CriticalMessage> decode_critical(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < kHeaderBytes || bytes[0] != kCriticalVersion)
        return fail(fmt::format("{} bytes are no critical changes of version {}; update the older side", bytes.size(),
                                kCriticalVersion));
    if (bytes.size() != kHeaderBytes + bytes[1] * kChangeBytes)
        return fail(
            fmt::format("{} critical changes do not have {} bytes; ask for a full summary", bytes[1], bytes.size()));
    CriticalMessage message;
    for (std::size_t byte = 2; byte < kHeaderBytes; ++byte)
        message.until = message.until << 8 | bytes[byte];
    for (auto rest = bytes.subspan(kHeaderBytes); !rest.empty(); rest = rest.subspan(kChangeBytes)) {
        const CriticalChange change{static_cast<CriticalKind>(rest[0]), get_id(rest.subspan(1)),
                                    get_id(rest.subspan(3))};
        const bool known = change.kind >= CriticalKind::link_down && change.kind <= CriticalKind::withdrawn;
        const bool ends = change.node != kNoNode && about_link(change.kind) == (change.far_node != kNoNode) &&
                          change.node != change.far_node;
        if (!known || !ends)
            return fail(fmt::format("critical change {} of nodes {} and {} makes no sense; ask for a full summary",
                                    rest[0], raw(change.node), raw(change.far_node)));
        message.changes.push_back(change);
    }
    return message;
}

}  // namespace izar
