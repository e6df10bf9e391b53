// link_body.h -- A link's measurement between the scheduler's form and the ring's.
//
// Thread: pure functions.
#pragma once

#include <optional>

#include "ctrl/ring/layout.h"
#include "sched/feed.h"

namespace izar {

ring::Link link_body(const FeedLink& link);
// Nothing if a value is out of range.
std::optional<FeedLink> read_link_body(const ring::Link& body);

}  // namespace izar
