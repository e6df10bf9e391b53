// generator.h -- Generator: sends a scenario's packets into the node and takes back what comes out.
//
// Thread: one, on a core of its own. It never blocks: what the node's receive ring does not take waits, so
//         nothing is lost on the generator's side and every packet that does not come back was lost in the node.
#pragma once

#include <cstdint>

#include "dataplane/base/random.h"
#include "dataplane/lcore/tsc_clock.h"
#include "perf/forward/packets.h"
#include "perf/forward/ring_port.h"

namespace izar {

struct Tally {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;  // keep-alives included
    std::uint64_t wrong = 0;     // received, and not what the role has to make of a client's packet
};

class Generator {
  public:
    // The wire `in` leads into the node, and the far ends of `wan` and `lan` are where packets come out. `mac` is
    // the address of the node's port at `in`.
    Generator(const Scenario& scenario, rte_ring* in, const RingPort& wan, const RingPort& lan, rte_mempool* pool,
              const MacAddress& mac, const TscClock& clock);

    // Takes back what has come out and sends `n` (at most kMaxBurst) packets of random flows. Returns how many it
    // sent: n, or 0 while the node's ring has no room.
    unsigned step(unsigned n) noexcept;
    // Only takes back.
    void collect() noexcept;
    // Sends one packet of each flow, so that all flows are open, and judges every packet that comes out.
    void open_flows() noexcept;

    const Tally& tally() const noexcept { return tally_; }

  private:
    bool send(unsigned n, std::uint32_t first_flow, bool in_order) noexcept;
    void collect_from(rte_ring* ring, bool judge) noexcept;

    Scenario scenario_;
    rte_ring* in_;
    rte_ring* out_[2];
    rte_mempool* pool_;
    const TscClock& clock_;
    PacketWriter writer_;
    PacketJudge judge_;
    Random random_{1};
    Tally tally_;
};

}  // namespace izar
