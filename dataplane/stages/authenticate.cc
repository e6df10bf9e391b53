#include "dataplane/stages/authenticate.h"

#include <rte_prefetch.h>

#include <cstring>

#include "dataplane/stages/frame.h"
#include "dataplane/wire/overlay.h"

namespace izar {
namespace {

// The packets of a burst that can be opened, as arrays side by side.
struct Sealed {
    std::array<AeadPacket, kMaxBurst> packet;
    std::array<ReceiveKey*, kMaxBurst> key;
    std::array<std::uint8_t, kMaxBurst> lane;
    std::array<bool, kMaxBurst> authentic;
    std::size_t size = 0;
};

OverlayHeader& overlay_of(Burst& burst, unsigned lane) noexcept {
    return header_at<OverlayHeader>(burst.l4[lane] + sizeof(UdpHeader));
}

// Starts the way of a packet's text into the cache: its headers are there, and of a long one the processor fetches the
// rest by itself. By rte_prefetch0: g++ leaves out a call of a function that does nothing but __builtin_prefetch.
void fetch_text(Burst& burst, unsigned lane) noexcept {
    constexpr std::size_t kLines = 3;
    const std::uint8_t* const text = reinterpret_cast<std::uint8_t*>(&overlay_of(burst, lane) + 1);
    const std::uint8_t* const end = burst.ip[lane] + burst.ip_length[lane];
    for (std::size_t line = 0; line < kLines && text + line * RTE_CACHE_LINE_SIZE < end; ++line) {
        rte_prefetch0(text + line * RTE_CACHE_LINE_SIZE);
    }
    rte_prefetch0(end - 1);
}

Verdict pass_handshake(const Burst& burst, unsigned lane, const std::uint8_t* text, std::size_t length,
                       LcoreSecurity& security) noexcept {
    HandshakeParcel parcel;
    if (length < sizeof parcel.message) {
        return Verdict::control_malformed;
    }
    parcel.link = burst.peer[lane];
    std::memcpy(&parcel.message, text, sizeof parcel.message);
    // Reading it costs a thousand times what this does, and the ring is everybody's.
    if (!security.keys->marked(parcel.link, parcel.message, *security.aead)) {
        return Verdict::bad_tag;
    }
    return security.received->push(parcel) ? Verdict::handshake : Verdict::handshake_rate;
}

// Puts the lane on `sealed` (verdict pending), or says what is wrong with it.
Verdict gather(Burst& burst, unsigned lane, LcoreSecurity& security, Sealed& sealed) noexcept {
    OverlayHeader& header = overlay_of(burst, lane);
    auto* const text = reinterpret_cast<std::uint8_t*>(&header + 1);
    const auto length = static_cast<std::size_t>(burst.ip[lane] + burst.ip_length[lane] - text);
    const bool control = (header.geneve.flags & kGeneveControl) != 0;
    if (header.key_epoch == kClearEpoch && control) {
        return pass_handshake(burst, lane, text, length, security);
    }
    if (length < kTagLength || header.geneve.protocol.value() != kEtherTypeSealed) {
        return Verdict::bad_tag;
    }
    const NodeSlot peer = burst.peer[lane];
    ReceiveKey* const key = security.keys->receive(peer, header.key_epoch);
    if (key == nullptr) {
        return security.keys->send(peer) == nullptr ? Verdict::no_key : Verdict::old_epoch;
    }
    const std::uint64_t number = header.packet_number.value();
    if (key->windows->seen(number)) {
        return Verdict::replayed;
    }
    sealed.packet[sealed.size] = {&key->key,
                                  number,
                                  reinterpret_cast<const std::uint8_t*>(&header),
                                  text,
                                  sizeof(OverlayHeader),
                                  static_cast<std::uint32_t>(length - kTagLength)};
    sealed.key[sealed.size] = key;
    sealed.lane[sealed.size] = static_cast<std::uint8_t>(lane);
    ++sealed.size;
    return Verdict::pending;
}

}  // namespace

void authenticate(Burst& burst, LaneList& lanes, LcoreSecurity& security) noexcept {
    Sealed sealed;
    for (const unsigned lane : lanes) {
        fetch_text(burst, lane);
    }
    for (const unsigned lane : lanes) {
        burst.verdict[lane] = gather(burst, lane, security, sealed);
    }
    security.aead->open(std::span{sealed.packet}.first(sealed.size), std::span{sealed.authentic}.first(sealed.size));
    lanes.clear();
    for (std::size_t i = 0; i < sealed.size; ++i) {
        const unsigned lane = sealed.lane[i];
        if (!sealed.authentic[i]) {
            burst.verdict[lane] = Verdict::bad_tag;
        } else if (!sealed.key[i]->windows->accept(sealed.packet[i].packet_number)) {
            burst.verdict[lane] = Verdict::replayed;
        } else {
            sealed.key[i]->note_use();
            burst.ip_length[lane] = static_cast<std::uint16_t>(burst.ip_length[lane] - kTagLength);
            lanes.add(lane);
        }
    }
}

}  // namespace izar
