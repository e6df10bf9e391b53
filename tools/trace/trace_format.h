// trace_format.h -- A recorded trace: all that a node's scheduler thread was told, one JSON object a line.
//
//   {"trace": 2, "mtu": 1500}
//   {"t": NS, "rtt": SLOT, "at": NS, "least": NS, "mean": NS, "count": N}
//   {"t": NS, "loss": SLOT, "at": NS, "expected": N, "received": N, "reordered": N}
//   {"t": NS, "up": SLOT, "at": NS}            and "down"
//   {"t": NS, "size": SLOT, "at": NS, "bytes": N, "shrunk": BOOL}
//   {"t": NS, "traffic": SLOT, "at": NS, "bytes": N, "span": NS, "capacity": N}
//   {"t": NS, "row": SLOT, "at": NS, "to": ID, "lost": N/65535, "rtt_us": N, "mtu": N}
//   {"t": NS, "path": SLOT, "at": NS, "segments": [ID, ID, ID], "took": NS, "measured": BOOL, "dead": BOOL}
//   {"t": NS, "update": {...}}                 a FeedUpdate without its services, which choose egresses, not paths
//   {"missing": N}                             events that the recorder had no room for
//
// `t` is when the scheduler took the event; times are of the node's own clock.
//
// Thread: pure functions. Errors say what is wrong with a line; who reads knows its number.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "dataplane/base/result.h"
#include "probes/link_report.h"
#include "sched/feed.h"

namespace izar {

inline constexpr int kTraceVersion = 2;

struct TraceHead {
    std::uint16_t overlay_mtu = 1500;
};
struct TraceReport {
    Instant now{};
    LinkReport report;
};
struct TraceUpdate {
    Instant now{};
    std::shared_ptr<const FeedUpdate> update;
};
struct TraceLoss {
    std::uint64_t events = 0;
};
using TraceEvent = std::variant<TraceHead, TraceReport, TraceUpdate, TraceLoss>;

// One line, with its line break.
std::string trace_line(const TraceEvent& event);
Result<TraceEvent> parse_trace_line(std::string_view line);

}  // namespace izar
