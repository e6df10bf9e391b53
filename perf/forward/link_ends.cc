#include "perf/forward/link_ends.h"

#include <array>

#include "dataplane/base/check.h"
#include "dataplane/base/limits.h"
#include "dataplane/wire/headers.h"
#include "dataplane/wire/overlay.h"

namespace izar {
namespace {

// One of the three directions that a link of the rig has, by the first byte of its secret; the second is the link's.
enum class Direction : std::uint8_t { from_west = 1, to_east = 2, to_west = 3 };

constexpr NodeId kNobody{0xFFFE};
static_assert(raw(kNobody) > 1 + 2 * kMostLinks, "no node of the rig's fleet has this id");

void expand(Aead& aead, Direction direction, unsigned link, AeadKey& out) {
    Secret secret;
    secret.writable()[0] = static_cast<std::uint8_t>(direction);
    secret.writable()[1] = static_cast<std::uint8_t>(link);
    aead.expand(KeyChain(secret, 0).next(), out);
}

OverlayHeader& header_of(rte_mbuf* packet, std::size_t header_at) noexcept {
    return *rte_pktmbuf_mtod_offset(packet, OverlayHeader*, header_at);
}

// The link of a west's or an east's node id.
unsigned link_of(NodeId id) noexcept {
    return (raw(id) - raw(kWestId)) / 2U;
}

// The link of the peer that a packet of the node goes to.
unsigned link_towards(rte_mbuf* packet, std::size_t header_at) noexcept {
    const std::size_t outer_at = header_at - sizeof(UdpHeader) - sizeof(Ipv4Header);
    const Ipv4Address to = rte_pktmbuf_mtod_offset(packet, const Ipv4Header*, outer_at)->destination;
    return (to.bits.value() - wan_address(kWestSlot).bits.value()) / 2;
}

}  // namespace

Result<std::unique_ptr<SealedLinks>> SealedLinks::make(LcoreSecurity& lcore, unsigned links) {
    std::unique_ptr<SealedLinks> out(new SealedLinks);
    auto aead = Aead::make();
    if (!aead) {
        return tl::unexpected(aead.error());
    }
    out->of_link_ = std::vector<Keys>(links);
    for (unsigned link = 0; link < links; ++link) {
        Keys& own = out->of_link_[link];
        expand(**aead, Direction::from_west, link, own.from_west.key);
        expand(**aead, Direction::to_east, link, own.to_east);
        expand(**aead, Direction::to_west, link, own.to_west);
        own.from_west.windows = std::make_shared<ReplayWindows>(1);
        out->keys_.set_receive(west_slot(link), own.from_west.key.epoch_byte(), &own.from_west);
        out->keys_.set_send(east_slot(link), &own.to_east, 0);
        out->keys_.set_send(west_slot(link), &own.to_west, 0);
    }
    lcore.keys = &out->keys_;
    lcore.aead = std::move(*aead);
    lcore.received = &out->received_;
    lcore.to_send = &out->to_send_;
    return out;
}

Result<std::unique_ptr<PeerEnds>> PeerEnds::make(unsigned links) {
    std::unique_ptr<PeerEnds> out(new PeerEnds);
    auto aead = Aead::make();
    if (!aead) {
        return tl::unexpected(aead.error());
    }
    out->aead_ = std::move(*aead);
    out->of_link_ = std::vector<Keys>(links);
    for (unsigned link = 0; link < links; ++link) {
        expand(*out->aead_, Direction::from_west, link, out->of_link_[link].west);
        expand(*out->aead_, Direction::to_east, link, out->of_link_[link].east);
        expand(*out->aead_, Direction::to_west, link, out->of_link_[link].west_receives);
    }
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
        const AeadKey& west = of_link_[link_of(NodeId{header.sender.value()})].west;
        header.key_epoch = west.epoch_byte();
        if (forgery == Forgery::replay) {
            header.packet_number = Be64{1};
        } else if (forgery == Forgery::epoch) {
            header.key_epoch = key_epoch_byte(5, 0);
        } else if (forgery == Forgery::peer) {
            header.sender = Be16{raw(kNobody)};
        }
        sealed[i] = {
            &west, header.packet_number.value(), reinterpret_cast<const std::uint8_t*>(&header), text, sizeof header,
            length};
    }
    if (forgery == Forgery::none || forgery == Forgery::replay) {
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
    const unsigned link = link_towards(packet, header_at);
    if (link >= of_link_.size()) {
        return false;
    }
    const AeadPacket sealed = {to_west ? &of_link_[link].west_receives : &of_link_[link].east,
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
