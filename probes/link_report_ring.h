// link_report_ring.h -- LinkReportRing: the way of link measurements from one lcore to the scheduler thread.
//
// Thread: one lcore pushes, the scheduler thread pops; neither ever waits. A push into a full ring fails:
//         the lcore drops the report and counts it, because a fresher one follows within milliseconds.
#pragma once

#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstddef>
#include <type_traits>

#include "probes/link_report.h"

namespace izar {

inline constexpr std::size_t kLinkReports = 4096;  // reports that one ring holds

using LinkReportRing = boost::lockfree::spsc_queue<LinkReport, boost::lockfree::capacity<kLinkReports>>;
static_assert(std::is_trivially_copyable_v<LinkReport>);

}  // namespace izar
