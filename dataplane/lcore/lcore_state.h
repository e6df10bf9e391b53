// lcore_state.h -- LcoreState: everything one lcore owns, and Shared: what all lcores of a process share.
//
// Thread: LcoreState belongs to one lcore (built by main before it starts). Shared is built by main; its
//         parts say in their own headers who writes them.
#pragma once

#include <rte_mempool.h>

#include <memory>
#include <vector>

#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/nat_ports.h"
#include "dataplane/io/hand_over.h"
#include "dataplane/io/hold_queue.h"
#include "dataplane/io/interfaces.h"
#include "dataplane/io/neighbors.h"
#include "dataplane/io/ports.h"
#include "dataplane/io/token_bucket.h"
#include "dataplane/io/tx_queues.h"
#include "dataplane/lcore/counters.h"
#include "dataplane/lcore/flow_window.h"
#include "dataplane/lcore/lcore_security.h"
#include "dataplane/links/keep_alive.h"
#include "dataplane/links/link_receiver.h"
#include "dataplane/links/link_sender.h"
#include "dataplane/links/path_prober.h"
#include "dataplane/links/shared_links.h"
#include "dataplane/links/stamp_prober.h"
#include "dataplane/tables/publisher.h"
#include "probes/handshake_times.h"
#include "probes/leg_rtts.h"
#include "probes/stamp_reflector.h"
#include "probes/timestamp_samples.h"

namespace izar {

struct Shared {
    const Interfaces& interfaces;
    const std::vector<Port>& ports;
    NeighborTable& neighbors;
    SharedLinks& links;
    HandOver& hand_over;
    rte_mempool* pool;
    HashSeed hash_seed;
    std::size_t lcores;
    LinkConfig link_config;
    HandshakeTimes& handshakes;
    StampBoard& stamp_board;
    StampReflector stamp{};
};

struct LcoreState {
    // Allocates everything; nothing is allocated afterwards. `seed` is random and differs between lcores.
    static Result<std::unique_ptr<LcoreState>> make(LcoreIndex index, const Shared& shared, const MemoryConfig& memory,
                                                    LinkReportRing& reports, std::uint64_t seed);
    LcoreState(const LcoreState&) = delete;

    LcoreIndex index;
    const Shared& shared;
    FlowTable<Ipv4Address> flows4;
    FlowTable<Ipv6Address> flows6;
    NatPorts<Ipv4Address> ports4;
    NatPorts<Ipv6Address> ports6;
    LinkSender sender;
    LinkReceiver receiver;
    LinkKeeper keeper;
    PathProber prober;
    LegRtts legs;
    HoldQueue held;
    alignas(RTE_CACHE_LINE_SIZE) LcoreCounters counters;
    alignas(RTE_CACHE_LINE_SIZE) TxQueues tx;
    TokenBucket exception_budget;
    TokenBucket too_big_budget;
    Snapshot snapshot;
    FlowWindow window;
    LegRtts stamped_legs{MeasurementSource::tcp_timestamp};
    TimestampSamples timestamps;
    std::unique_ptr<StampProber> stamp_prober;  // of lcore 0 only; filled in as security is
    LcoreSecurity security;  // filled in by main before the lcore starts; as it is here, security is none

  private:
    LcoreState(LcoreIndex index, const Shared& shared, FlowTable<Ipv4Address> flows4, FlowTable<Ipv6Address> flows6,
               LinkReportRing& reports, std::uint64_t seed);
};

}  // namespace izar
