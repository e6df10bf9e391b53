// stamp_board.h -- StampBoard: where any lcore pins the answers to this node's STAMP probes, for lcore 0 to find.
//
// Each session has a slot, and the slot its source port, kFirstStampSource + slot. An answer is one word: the probe's
// sequence, and when it came less the time that the reflector held it. Of two answers to one probe the last counts.
//
// Thread: lcore 0 opens and closes slots and reads answers; any lcore pins. Words are relaxed: each is true by itself,
//         and a slot's address is read in parts, so that of a slot that is just being opened an answer may be left out.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/limits.h"
#include "dataplane/wire/overlay.h"
#include "probes/stamp_sender.h"

namespace izar {

class StampBoard {
  public:
    StampBoard() : slots_(std::make_unique<std::array<Slot, kMaxStampSessions>>()) {}

    void open(std::size_t slot, const IpAddress& peer, std::uint16_t port) noexcept {
        const Words address = words_of(peer);
        Slot& at = (*slots_)[slot];
        at.address[0].store(address[0], std::memory_order_relaxed);
        at.address[1].store(address[1], std::memory_order_relaxed);
        std::ranges::for_each(at.answers, [](auto& word) { word.store(kNone, std::memory_order_relaxed); });
        at.port.store(port_word(peer, port), std::memory_order_relaxed);
        open_.fetch_add(1, std::memory_order_relaxed);
    }
    void close(std::size_t slot) noexcept {
        (*slots_)[slot].port.store(0, std::memory_order_relaxed);
        open_.fetch_sub(1, std::memory_order_relaxed);
    }
    bool any_open() const noexcept { return open_.load(std::memory_order_relaxed) != 0; }

    // Whether a session may send from this port.
    static constexpr bool is_source(std::uint16_t port) noexcept {
        return port >= kFirstStampSource && port < kFirstStampSource + kMaxStampSessions;
    }
    // Whether what came from there to `own_port`, which is_source(), is for a session that is open.
    bool expects(const IpAddress& peer, std::uint16_t port, std::uint16_t own_port) const noexcept {
        const Words address = words_of(peer);
        const Slot& at = (*slots_)[own_port - std::size_t{kFirstStampSource}];
        return at.port.load(std::memory_order_relaxed) == port_word(peer, port) &&
               at.address[0].load(std::memory_order_relaxed) == address[0] &&
               at.address[1].load(std::memory_order_relaxed) == address[1];
    }
    // Requires expects().
    void pin(std::uint16_t own_port, const StampAnswer& answer, Instant came) noexcept {
        Slot& at = (*slots_)[own_port - kFirstStampSource];
        at.answers[answer.sequence % StampSender::kUnderWay].store(
            std::uint64_t{answer.sequence} << 32 | low_clock(came - answer.held), std::memory_order_relaxed);
    }
    // When the answer to a probe came, less the time that it was held; nothing if none came yet.
    std::optional<Instant> find(std::size_t slot, std::uint32_t sequence, Instant now) const noexcept {
        const std::uint64_t word =
            (*slots_)[slot].answers[sequence % StampSender::kUnderWay].load(std::memory_order_relaxed);
        if (word == kNone || word >> 32 != sequence) {
            return std::nullopt;
        }
        return now - Nanos{low_clock(now) - static_cast<std::uint32_t>(word)};
    }

  private:
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};
    using Words = std::array<std::uint64_t, 2>;
    static Words words_of(const IpAddress& address) noexcept { return std::bit_cast<Words>(address.bytes()); }
    // Never 0.
    static std::uint32_t port_word(const IpAddress& peer, std::uint16_t port) noexcept {
        return (peer.family() == Family::ipv4 ? 0x10000U : 0x20000U) | port;
    }
    struct Slot {
        std::array<std::atomic<std::uint64_t>, 2> address{};
        std::atomic<std::uint32_t> port{0};  // of the peer, with its family; 0: the slot is closed
        std::array<std::atomic<std::uint64_t>, StampSender::kUnderWay> answers{};
    };
    std::unique_ptr<std::array<Slot, kMaxStampSessions>> slots_;
    std::atomic<std::uint32_t> open_{0};
};

}  // namespace izar
