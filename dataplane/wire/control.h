// control.h -- Control messages: what nodes say to each other about a link, inside an overlay packet
// with the O bit set, VNI 0, payload type kEtherTypeSealed.
//
// Keep-alive: every interval on every link. It also tells the receiver what was sent, so that loss
// can be counted, and when to worry.
//
//   offset  bytes  field
//        0      1  kind (ControlKind)
//        1      1  version, kControlVersion
//        2      2  length of the whole message in bytes
//        4      4  interval_us: time between two keep-alives of the sender
//        8      1  multiplier: missed ones that mean "down"
//        9      1  flags (KeepAliveFlag)
//       10      2  probe: number of this message as a probe of the path's MTU, padded to what is asked for; 0: none
//       12      8  sent_packets: overlay packets the sender put on this link before this one
//       20      2  row_length: number of RowItem that follow (0: no row in this message)
//       22      2  heard_probe: number of the newest probe that the sender heard from the receiver; 0: none
//       24  10xN   RowItem: the sender's own measurements to other nodes
//
// RowItem: 2 bytes node id, 2 bytes loss in 1/65535, 4 bytes RTT in microseconds (kUnreachableRtt = down), 2 bytes MTU
// of the path to it in bytes of an IP packet on the underlay (0: not known; kRowShrunk: it was more before).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/byte_order.h"
#include "dataplane/base/types.h"

namespace izar {

enum class ControlKind : std::uint8_t { keep_alive = 1, handshake = 2, path_probe = 3 };
inline constexpr std::uint8_t kControlVersion = 1;

struct RowItem {
    Be16 node;
    Be16 loss;
    Be32 rtt_us;
    Be16 mtu;
};
static_assert(sizeof(RowItem) == 10 && alignof(RowItem) == 1);
inline constexpr std::uint32_t kUnreachableRtt = 0xFFFFFFFF;
inline constexpr std::uint16_t kRowShrunk = 0x8000;

struct KeepAlive {
    ControlKind kind;
    std::uint8_t version;
    Be16 length;
    Be32 interval_us;
    std::uint8_t multiplier;
    std::uint8_t flags;
    Be16 probe;
    Be64 sent_packets;
    Be16 row_length;
    Be16 heard_probe;
};
static_assert(sizeof(KeepAlive) == 24 && alignof(KeepAlive) == 1);
static_assert(offsetof(KeepAlive, sent_packets) == 12);

enum KeepAliveFlag : std::uint8_t {
    kKeepAliveDeaf = 0x01,  // nothing of the receiver's is heard: its direction of the link is dead
};

// A row longer than this does not travel in one packet; larger fleets get their rows from the controller.
inline constexpr std::size_t kMaxRowItems = 112;

// What parse_keep_alive hands out; `row` points into the message.
struct KeepAliveView {
    Nanos interval{};
    std::uint8_t multiplier = 0;
    bool deaf = false;  // the sender does not hear the receiver
    std::uint64_t sent_packets = 0;
    std::span<const RowItem> row;
    std::uint16_t probe = 0;        // 0: none
    std::uint16_t heard_probe = 0;  // 0: none
};

// Reads a message; false if it is malformed in any way (kind, version, length, interval or row out of
// bounds). Never reads outside `message`.
bool parse_keep_alive(std::span<const std::uint8_t> message, KeepAliveView& out) noexcept;

// Bytes that a keep-alive with this many row items needs.
constexpr std::size_t keep_alive_length(std::size_t row_items) noexcept {
    return sizeof(KeepAlive) + row_items * sizeof(RowItem);
}

// Writes a message into `out`, which has at least keep_alive_length(view.row.size()) bytes; returns its length.
std::size_t write_keep_alive(std::span<std::uint8_t> out, const KeepAliveView& view) noexcept;

}  // namespace izar
