// path_mtu.h -- PathMtu: the largest packet that one direction of a link carries, found by padded probes (RFC 8899).
//
// Thread: values of one thread; time is a parameter. Sizes are bytes of an IP packet on the underlay.
//
// A probe is a keep-alive that is padded to a size and has a number; the peer's keep-alives say the newest number that
// came. ICMP is neither needed nor believed. At first the port's own MTU counts, and is asked for at once. What passes
// is asked for again now and then, sooner once a probe is missed; kMostMisses of them in a row mean that packets of
// this size vanish while smaller ones pass. Then the least size counts until a search has found the largest that
// passes.
//
// No timer says that a probe is missed, but the peer: it has echoed what was sent later, and does not know the probe.
// So neither a slow link nor a machine that stands still for a while is taken for one that loses large packets, and a
// size that no longer passes is known after at most kCalmTurns, three times kEagerTurns, and two RTTs.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/types.h"

namespace izar {

class PathMtu {
  public:
    static constexpr std::uint16_t kLeast = 1280;  // what every link must carry: IPv6's minimum, RFC 8200 section 5
    static constexpr std::size_t kMostMisses = 4;  // RFC 8899 section 5.1.2 has 3; random loss of 10 % asks for more
    static constexpr unsigned kCalmTurns = 20;     // keep-alives from one probe to the next while all pass
    static constexpr unsigned kEagerTurns = 4;     // while a size is in doubt
    static constexpr Nanos kRaiseInterval = std::chrono::seconds{10};  // between two looks for a larger size
    static constexpr Nanos kGrudge = std::chrono::minutes{10};
    static constexpr Nanos kReordering =
        std::chrono::milliseconds{20};  // by which a probe may come after later packets

    struct Probe {
        std::uint16_t size = 0;    // 0: this keep-alive is none
        std::uint16_t number = 0;  // never 0 in a probe
    };

    // The MTU of the port that the link leaves by. Another one starts the search over.
    void set_most(std::uint16_t size, Instant now) noexcept;
    // The link came up: what it carries has to be shown again.
    void restart(Instant now) noexcept;

    // Call once for each keep-alive that is about to be sent.
    Probe next(Instant now) noexcept;
    // What the peer's newest keep-alive says: the number of the newest probe that came, and by its echo when the newest
    // packet that came was sent.
    void heard(std::uint16_t number, Instant echoed, Instant now) noexcept;

    // What packets may have now; 0 before set_most().
    std::uint16_t size() const noexcept { return size_; }
    // The same as far as probes have shown it: 0 while only the port's MTU speaks for it.
    std::uint16_t known_size() const noexcept { return shown_ || size_ < most_ ? size_ : 0; }
    // Whether larger packets passed before, within kGrudge. A link that never carried more is only a smaller one.
    bool shrunk() const noexcept { return size_ < widest_; }
    // Whether a probe of this size is worth less than a packet: it may be too large, so its loss is no loss.
    bool in_doubt(std::uint16_t size) const noexcept { return size > size_; }

  private:
    struct Sent {
        std::uint16_t number = 0;
        Instant at{};
    };
    bool searching() const noexcept { return asked_ != size_; }
    void ask(std::uint16_t size) noexcept;
    void search_on(Instant now) noexcept;
    void pass(Instant now) noexcept;
    void fail(Instant now) noexcept;
    std::size_t missed() const noexcept;

    std::uint16_t most_ = 0;
    std::uint16_t size_ = 0;       // in force
    std::uint16_t asked_ = 0;      // size that is asked for now
    std::uint16_t too_large_ = 0;  // the least that is known not to pass
    bool shown_ = false;           // that size_ passes
    std::uint16_t last_number_ = 0;
    std::array<Sent, kMostMisses> sent_{};  // not answered yet, all of size asked_
    std::size_t under_way_ = 0;
    unsigned turns_ = 0;        // keep-alives since the last probe
    Instant echoed_{};          // when the newest packet was sent that the peer has echoed
    std::uint16_t widest_ = 0;  // largest that passed of late
    Instant shrunk_at_{};
    Instant raised_at_{};  // when a larger size was last looked for
};

}  // namespace izar
