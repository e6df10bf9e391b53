// link_body.h -- A link's measurement and secret between the ring's form and those of others.
//
// Thread: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "ctrl/ring/layout.h"
#include "sched/feed.h"

namespace izar {

ring::Link link_body(const FeedLink& link);
// Nothing if a value is out of range.
std::optional<FeedLink> read_link_body(const ring::Link& body);

// A link's secret as a line of a file of link secrets (dataplane/security/secrets.h).
std::string secret_line(NodeId self, NodeId peer, std::span<const std::uint8_t, 32> secret);

}  // namespace izar
