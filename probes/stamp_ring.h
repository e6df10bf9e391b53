// stamp_ring.h -- The rings between the scheduler thread and lcore 0 that STAMP sessions and reports of them travel by.
//
// Thread: SPSC: sessions from the scheduler thread to lcore 0, which sends them; reports back. A session that finds its
//         ring full is refused by the scheduler thread; a report that does is left out, as the next says more.
#pragma once

#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include "dataplane/base/limits.h"
#include "probes/stamp_session.h"

namespace izar {

using StampSessionRing = boost::lockfree::spsc_queue<StampSession, boost::lockfree::capacity<kMaxStampSessions>>;
using StampReportRing = boost::lockfree::spsc_queue<StampReport, boost::lockfree::capacity<4 * kMaxStampSessions>>;

}  // namespace izar
