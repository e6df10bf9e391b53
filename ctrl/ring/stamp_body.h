// stamp_body.h -- STAMP sessions and their reports between the ring's form and that of probes/stamp_session.h.
//
// Thread: pure functions.
#pragma once

#include <optional>

#include "ctrl/ring/layout.h"
#include "dataplane/base/result.h"
#include "probes/stamp_session.h"

namespace izar {

ring::StampTask stamp_task_body(const StampSession& session);
// Nothing if a value is out of range.
std::optional<StampSession> read_stamp_task(const ring::StampTask& body);

ring::StampResult stamp_result_body(const StampReport& report, Instant now);
// Of the session only the task is known then. Requires that samples == 0 has no durations.
StampReport read_stamp_result(const ring::StampResult& body, Instant now);

}  // namespace izar
