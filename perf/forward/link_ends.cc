#include "perf/forward/link_ends.h"

#include <array>

#include "dataplane/base/check.h"
#include "dataplane/base/limits.h"
#include "dataplane/wire/overlay.h"

namespace izar {
namespace {

// One of the three directions that the rig knows, by the first byte of its secret.
enum class Direction : std::uint8_t { from_west = 1, to_east = 2, to_west = 3 };

void expand(Aead& aead, Direction direction, AeadKey& out) {
    Secret secret;
    secret.writable()[0] = static_cast<std::uint8_t>(direction);
    aead.expand(KeyChain(secret, 0).next(), out);
}

OverlayHeader& header_of(rte_mbuf* packet, std::size_t header_at) noexcept {
    return *rte_pktmbuf_mtod_offset(packet, OverlayHeader*, header_at);
}

}  // namespace

Result<std::unique_ptr<SealedLinks>> SealedLinks::make(LcoreSecurity& lcore) {
    std::unique_ptr<SealedLinks> out(new SealedLinks);
    auto aead = Aead::make();
    if (!aead) {
        return tl::unexpected(aead.error());
    }
    expand(**aead, Direction::from_west, out->from_west_.key);
    expand(**aead, Direction::to_east, out->to_east_);
    expand(**aead, Direction::to_west, out->to_west_);
    out->from_west_.windows = std::make_shared<ReplayWindows>(1);
    out->keys_.set_receive(kWestSlot, out->from_west_.key.epoch_byte(), &out->from_west_);
    out->keys_.set_send(kEastSlot, &out->to_east_, 0);
    out->keys_.set_send(kWestSlot, &out->to_west_, 0);
    lcore.keys = &out->keys_;
    lcore.aead = std::move(*aead);
    lcore.received = &out->received_;
    lcore.to_send = &out->to_send_;
    return out;
}

Result<std::unique_ptr<PeerEnds>> PeerEnds::make() {
    std::unique_ptr<PeerEnds> out(new PeerEnds);
    auto aead = Aead::make();
    if (!aead) {
        return tl::unexpected(aead.error());
    }
    out->aead_ = std::move(*aead);
    expand(*out->aead_, Direction::from_west, out->west_);
    expand(*out->aead_, Direction::to_east, out->east_);
    expand(*out->aead_, Direction::to_west, out->west_receives_);
    return out;
}

void PeerEnds::seal(std::span<rte_mbuf* const> packets, std::size_t header_at, Forgery forgery) noexcept {
    CHECK(packets.size() <= kMaxBurst);
    std::array<AeadPacket, kMaxBurst> sealed;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        OverlayHeader& header = header_of(packets[i], header_at);
        auto* const text = reinterpret_cast<std::uint8_t*>(&header + 1);
        const auto length = static_cast<std::uint32_t>(packets[i]->data_len - header_at - sizeof header);
        CHECK(rte_pktmbuf_append(packets[i], kTagLength) != nullptr);
        header.geneve.protocol = Be16{kEtherTypeSealed};
        header.key_epoch = west_.epoch_byte();
        if (forgery == Forgery::replay) {
            header.packet_number = Be64{1};
        } else if (forgery == Forgery::epoch) {
            header.key_epoch = key_epoch_byte(5, 0);
        }
        sealed[i] = {
            &west_, header.packet_number.value(), reinterpret_cast<const std::uint8_t*>(&header), text, sizeof header,
            length};
    }
    if (forgery != Forgery::tag && forgery != Forgery::epoch) {
        aead_->seal(std::span{sealed}.first(packets.size()));
    }
}

bool PeerEnds::open(rte_mbuf* packet, std::size_t header_at) noexcept {
    OverlayHeader& header = header_of(packet, header_at);
    const std::size_t before = header_at + sizeof header;
    if (header.geneve.protocol.value() != kEtherTypeSealed || packet->data_len < before + kTagLength) {
        return false;
    }
    const bool to_west = header.remaining[0].value() != 0;
    const AeadPacket sealed = {to_west ? &west_receives_ : &east_,
                               header.packet_number.value(),
                               reinterpret_cast<const std::uint8_t*>(&header),
                               reinterpret_cast<std::uint8_t*>(&header + 1),
                               sizeof header,
                               static_cast<std::uint32_t>(packet->data_len - before - kTagLength)};
    bool authentic = false;
    aead_->open({&sealed, 1}, {&authentic, 1});
    rte_pktmbuf_trim(packet, kTagLength);
    return authentic;
}

}  // namespace izar
