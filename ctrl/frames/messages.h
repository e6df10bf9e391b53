// messages.h -- The parts of messages as the values that the rest of izar speaks, checked.
//
// Thread: pure functions.
// Errors: name the part and what is wrong with it. A message with one bad part is refused whole: its sender has a bug
//         or is hostile, and half an update is worse than none.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ctrl/group/probe_plan.h"
#include "dataplane/base/ip_address.h"
#include "dataplane/base/result.h"
#include "dataplane/tables/fleet.h"
#include "dataplane/tables/service_table.h"
#include "probes/leg_rtts.h"
#include "sched/feed.h"

namespace izar {

// Generated from control.proto; whoever looks inside includes <control.pb.h>.
namespace control {
class Node;
class Service;
class LegItem;
class LinkItem;
class ProbeResult;
class ProbeTarget;
}  // namespace control

std::string address_bytes(const IpAddress& address);
Result<IpAddress> read_address(const std::string& bytes);
// 1..kNameLength-1 bytes, letters, digits, '.', '_' and '-'.
Result<void> check_name(const std::string& name);

control::Node node_message(const FleetNode& node);
Result<FleetNode> read_node(const control::Node& message);

control::Service service_message(const Service& service);
// Bounds as in limits.h; without choice tables.
Result<Service> read_service(const control::Service& message);

// `age` is left 0: an item is new when it is sent.
control::LinkItem link_message(const FeedLink& link);
Result<FeedLink> read_link(NodeId from, const control::LinkItem& message);

// Requires samples. Times are by the caller's clock.
control::LegItem leg_message(const MeasuredLeg& leg, Instant now);
Result<MeasuredLeg> read_leg(const control::LegItem& message, Instant now);

control::ProbeTarget target_message(const ProbeTarget& target);
Result<ProbeTarget> read_target(const control::ProbeTarget& message);

control::ProbeResult result_message(const ProbeAnswer& answer);
// Of the measurement the numbers of samples and losses and the mean are known then.
Result<ProbeAnswer> read_result(const control::ProbeResult& message);

// Protobuf prints a line for each damaged message; a peer must not be able to fill our log. Once, by main.
void silence_protobuf();

// A whole message as a frame.
template <typename Message>
std::vector<std::uint8_t> message_frame(const Message& message);
// Nothing if the bytes are no message of this kind.
template <typename Message>
std::optional<Message> read_message(std::span<const std::uint8_t> payload);

}  // namespace izar
