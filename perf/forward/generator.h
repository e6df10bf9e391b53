// generator.h -- Generator: sends a scenario's packets into the node and takes back what comes out.
//
// Thread: one, on a core of its own. It never blocks.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/base/random.h"
#include "dataplane/flow/flow_key.h"
#include "dataplane/lcore/tsc_clock.h"
#include "perf/forward/cycle_histogram.h"
#include "perf/forward/pacer.h"
#include "perf/forward/packets.h"
#include "perf/forward/send_stamp.h"
#include "perf/forward/wire.h"

namespace izar {

struct Tally {
    std::uint64_t sent = 0;      // that the wire took
    std::uint64_t refused = 0;   // that it had no room for, and that are lost
    std::uint64_t received = 0;  // keep-alives included
    std::uint64_t wrong = 0;     // received, and not what the role has to make of a client's packet
};

class Generator {
  public:
    // The wire `in` leads into the node, and `wan` and `lan` are where packets come out; all outlive this. `mac` is the
    // address of the node's port at `in`.
    Generator(const Scenario& scenario, Wire& in, Wire& wan, Wire& lan, rte_mempool* pool, const MacAddress& mac,
              const TscClock& clock);

    // From now on each packet goes to the queue of the lcore that owns its flow, as if the NIC's hash agreed with
    // the node's `seed`; until then to one queue after the other.
    void steer_to_owners(const HashSeed& seed);

    // Takes back what has come out and sends `n` (at most kMaxBurst) packets of random flows. Returns how many it
    // sent: n, or 0 while the node's ring has no room. Nothing is lost on the generator's side then, and every packet
    // that does not come back was lost in the node.
    unsigned step(unsigned n) noexcept;
    // Takes back what has come out and sends up to kMaxBurst of what `pacer` says is owed at `now`, stamped with its
    // due times. What the node's ring has no room for waits, or is refused, as a NIC's ring would.
    void step(Pacer& pacer, Instant now, bool refuses) noexcept;
    // Only takes back.
    void collect() noexcept;
    // Sends one packet of each flow in order, so that all flows are open, and judges every packet that comes out, or
    // does not look at them.
    void open_flows(bool judges) noexcept;

    // From now on the nanoseconds from due time to coming back of every stamped packet go there; null: nowhere.
    void watch_latency(CycleHistogram* latency) noexcept { latency_ = latency; }

    const Tally& tally() const noexcept { return tally_; }

  private:
    template <typename FlowOf>
    bool send(unsigned n, FlowOf&& flow_of, const Pacer* pacer) noexcept;
    void collect_from(Wire& wire, bool judge) noexcept;
    void note_latency(std::span<rte_mbuf* const> frames) noexcept;

    Scenario scenario_;
    Wire& in_;
    std::array<Wire*, 2> out_;
    rte_mempool* pool_;
    const TscClock& clock_;
    PacketWriter writer_;
    PacketJudge judge_;
    SendStamp stamp_;
    Random random_{1};
    Tally tally_;
    CycleHistogram* latency_ = nullptr;
    std::vector<std::uint8_t> owners_;  // of every flow; empty: packets take queues in turn
    std::uint32_t next_queue_ = 0;
};

}  // namespace izar
