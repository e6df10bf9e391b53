// publisher.h -- Publisher: the one pointer swap between the scheduler thread and the lcores.
//
// Thread: the scheduler thread calls everything that takes OnSched, each lcore what takes OnLcore; the
//         tags exist so that the wrong thread's call does not compile. Nobody ever waits: publish() fails
//         when every root of the pool is still in use, and the scheduler coalesces into its next round.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/tables/published.h"

namespace izar {

// Proof of being on a thread. Made once by the thread's main loop and passed down by reference.
class OnSched {
  public:
    static OnSched claim() noexcept { return OnSched{}; }
    OnSched(const OnSched&) = delete;

  private:
    OnSched() = default;
};
class OnLcore {
  public:
    static OnLcore claim(LcoreIndex index) noexcept { return OnLcore{index}; }
    OnLcore(const OnLcore&) = delete;
    LcoreIndex index() const noexcept { return index_; }

  private:
    explicit OnLcore(LcoreIndex index) noexcept : index_(index) {}
    LcoreIndex index_;
};

class Publisher {
  public:
    static constexpr std::size_t kRoots = 8;

    explicit Publisher(std::size_t lcores);
    ~Publisher();
    Publisher(const Publisher&) = delete;

    // A table to fill in, or nullptr if all are still read by somebody: try again next round. Its content
    // is that of an older generation.
    RouteTable* writable(const OnSched&) noexcept;
    // Publishes `table` (from writable()) with the other parts. Fills in both generations.
    void publish(const OnSched&, RouteTable* table, std::shared_ptr<const Fleet> fleet,
                 std::shared_ptr<const ServiceTable> services, std::shared_ptr<const OwnRow> own_row) noexcept;

    // An lcore that is online calls quiescent() between bursts and then read() again; it must not keep a
    // reference over quiescent(). Offline (napping) lcores hold nothing back.
    void online(const OnLcore&) noexcept;
    void offline(const OnLcore&) noexcept;
    void quiescent(const OnLcore&) noexcept;
    const Published& read(const OnLcore&) const noexcept;

    // For what else lcores read by a pointer: after the pointer was changed, begin_grace() gives a token, and what the
    // old one led to may go when grace_over() says so of it.
    std::uint64_t begin_grace(const OnSched&) noexcept;
    bool grace_over(const OnSched&, std::uint64_t token) noexcept;

    std::uint64_t generation() const noexcept;  // any thread; the newest published
    std::uint64_t refused() const noexcept;     // times writable() found no free table

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace izar
