// outbox.h -- Outbox: frames that wait for a peer to read, bounded.
//
// Two kinds. Frames that must arrive (static data, events, answers) wait in order and are never dropped; when they
// would become more than kMostKept bytes the peer reads too slowly to be of use, and add() says so: it is cut, and gets
// everything again when it is back. Of dynamic data only the newest waits: one frame for each key.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace izar {

// What a newer frame replaces while it waits.
enum class Newest : std::uint8_t { mesh, link_row, system_sample, group_loads };

class Outbox {
  public:
    static constexpr std::size_t kMostKept = std::size_t{8}
                                             << 20;  // bytes; two whole static updates of the largest fleet

    using Frame = std::vector<std::uint8_t>;

    // False: that is too much, the peer is to be cut.
    [[nodiscard]] bool add(Frame frame);
    void replace(Newest key, Frame frame);

    // What is to be sent next: what must arrive goes first.
    std::optional<Frame> take();
    std::size_t bytes() const noexcept { return kept_bytes_ + newest_bytes_; }

  private:
    std::deque<Frame> kept_;
    std::map<Newest, Frame> newest_;
    std::size_t kept_bytes_ = 0;
    std::size_t newest_bytes_ = 0;
};

}  // namespace izar
