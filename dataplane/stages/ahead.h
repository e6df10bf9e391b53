// ahead.h -- Ahead: the packets that a port gave behind those of a burst; the burst's stages fetch their cache lines.
//
// Thread: one lcore, within one pass of the pipeline.
//
// A line that another core or a device wrote last is hundreds of cycles away, and a core has only some 16 under way at
// once: asked for all together, the three lines of each packet come one every 20 cycles, and nothing else is done
// meanwhile. So the stages of one burst ask for one line a lane of the next, and work while they come. Lines are
// fetched to be written, or the first write would have to ask their last writer once more.
//
// perf/forward, 64 B, 1,000 flows, medians of 12 trials of 20 ms in turn in one process, with this and without:
// relay 232 and 254 cycles a packet, ingress 260 and 325, egress 253 and 272.
#pragma once

#include <rte_mbuf.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace izar {

// A packet that is handed to another lcore takes 8 bytes of note with it (burst.h), in the mbuf's private area.
inline constexpr std::uint16_t kMbufPrivateBytes = 8;

// Where most drivers put a frame, counted from its mbuf. The private bytes make this 8 more than a multiple of the
// cache line, so that the 72 bytes which an ingress puts in front of an inner packet begin with a line. A guess,
// because the mbuf that tells the place is not here yet; a wrong one costs a prefetch.
inline constexpr std::size_t kFrameOffset = sizeof(rte_mbuf) + kMbufPrivateBytes + RTE_PKTMBUF_HEADROOM;
static_assert(kFrameOffset % RTE_CACHE_LINE_SIZE == 8);

// Starts a line's way into the cache, to be written. __builtin_prefetch means this instruction only where -march has
// it, which x86-64-v3 does not; all its processors have it or take it for nothing.
inline void fetch_to_write(const std::uint8_t* at) noexcept {
    asm volatile("prefetchw %0" ::"m"(*at));
}

class Ahead {
  public:
    Ahead() = default;  // no packets
    // `overlay`: they came by the overlay's port.
    Ahead(std::span<rte_mbuf* const> packets, bool overlay) noexcept
        : packets_(packets),
          second_(overlay ? kFrameOffset + RTE_CACHE_LINE_SIZE : kFrameOffset - RTE_CACHE_LINE_SIZE) {}

    // One line of packet i, if there is such a packet: its mbuf, the frame's first bytes, and what else the stages
    // need: of an overlay packet the rest of its headers, of another the room in front for those it may get.
    void fetch_mbuf(std::size_t i) const noexcept { fetch(i, 0); }
    void fetch_frame(std::size_t i) const noexcept { fetch(i, kFrameOffset); }
    void fetch_second(std::size_t i) const noexcept { fetch(i, second_); }
    // All three of every packet: of the first burst, behind which nobody works.
    void fetch_all() const noexcept {
        for (std::size_t i = 0; i < packets_.size(); ++i) {
            fetch_mbuf(i);
            fetch_frame(i);
            fetch_second(i);
        }
    }

  private:
    void fetch(std::size_t i, std::size_t offset) const noexcept {
        if (i < packets_.size()) {
            fetch_to_write(reinterpret_cast<const std::uint8_t*>(packets_[i]) + offset);
        }
    }

    std::span<rte_mbuf* const> packets_;
    std::size_t second_ = kFrameOffset;
};

}  // namespace izar
