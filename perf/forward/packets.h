// packets.h -- PacketWriter: the packets of a scenario; PacketJudge: whether what comes out is right.
//
// Thread: the generator's.
//
// A packet is UDP, or TCP, with payload of zeros and right checksums. The writer copies a template (one a frame size)
// and mends what differs between flows, so that it costs less than the node that is measured. On links with security a
// burst's packets are sealed together, after they were written.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/base/types.h"
#include "dataplane/wire/overlay.h"
#include "perf/forward/copies.h"
#include "perf/forward/link_ends.h"
#include "perf/forward/scenario.h"

namespace izar {

class PacketWriter {
  public:
    // `destination`: MAC address of the node's port that the packets enter by.
    PacketWriter(const Scenario& scenario, const MacAddress& destination);

    // Makes `m`, fresh from the pool and, without security, with zeroed payload, a packet of flow `flow`.
    void write(rte_mbuf* m, std::uint32_t flow, Instant now) noexcept;
    // From now on write() makes what a flow begins with, or what follows. TCP begins with a SYN, and where packets come
    // twice the first of a flow comes alone; else they are the same.
    void set_opening(bool opening) noexcept { opening_ = opening; }
    // What west does with written packets before they travel: nothing, or seals them.
    void finish(std::span<rte_mbuf* const> packets) noexcept;

  private:
    static constexpr std::uint32_t kLinkRttNs = 1'000'000;  // what the echo in each packet tells
    static constexpr std::size_t kTemplate = 160;           // holds every header, overlay's too
    struct Template {
        std::array<std::uint8_t, kTemplate> bytes{};
        std::uint16_t length = 0;  // of the whole packet
    };
    std::vector<Template> make_templates(const Scenario& scenario, std::uint8_t tcp_flags,
                                         const MacAddress& destination) const;
    Template make_template(const Scenario& scenario, std::uint8_t tcp_flags, std::uint16_t frame_bytes, unsigned link,
                           const MacAddress& destination) const;
    void write_outer(Role role, unsigned link, Template& out) const noexcept;
    const Template& next_template(std::uint32_t flow) noexcept;

    std::vector<Template> templates_;          // of each link: one, or those of kImixFrames
    std::vector<Template> opening_templates_;  // the same with SYN; none of UDP
    bool opening_ = false;
    unsigned links_;
    std::size_t imix_at_ = 0;    // in kImixOrder
    std::size_t duplicate_tag_;  // bytes in front of the client's packet; 0: it comes once
    Copies copies_;
    std::uint16_t inner_at_;    // offset of the client's IP header,
    std::uint16_t sum_at_;      // of the checksum of what is behind it,
    std::uint16_t payload_at_;  // and of the payload
    bool overlay_;
    bool clears_payload_;  // what was decrypted or encrypted in a buffer stays there
    Forgery forgery_;
    std::unique_ptr<PeerEnds> west_;  // null: nothing to seal
    std::uint64_t next_packet_ = 1;
};

class PacketJudge {
  public:
    explicit PacketJudge(const Scenario& scenario);

    // A frame that the node sent: is it what its role has to make of a client's packet? Every field that the
    // role writes is looked at, and every checksum is computed anew.
    // A sealed packet is opened in place.
    bool right(rte_mbuf* m) noexcept;
    // A keep-alive of the node's own.
    static bool is_control(const rte_mbuf* m) noexcept;

  private:
    bool is_client_frame(std::size_t bytes) const noexcept;
    bool leads_to_east(const std::uint8_t* frame) const noexcept;

    Scenario scenario_;
    std::size_t duplicate_tag_;        // bytes in front of the client's packet
    std::unique_ptr<PeerEnds> peers_;  // null: nothing to open
};

}  // namespace izar
