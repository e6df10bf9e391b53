// control_frame_fuzz.cc -- Any bytes from a peer: frames end or are refused, and what a message says is checked.
//
// Input: a stream of frames as a controller or an agent receives it.
#include <control.pb.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "ctrl/frames/frame.h"
#include "ctrl/frames/messages.h"
#include "ctrl/frames/static_data.h"
#include "dataplane/base/check.h"

namespace {

using namespace izar;

// What was accepted must be written and read again as the same.
void expect_stable(const control::StaticUpdate& update) {
    for (const control::Service& message : update.services()) {
        if (const auto service = read_service(message)) {
            CHECK(service->origins.size() <= kMaxOrigins && service->egresses.size() <= kMaxEgresses);
            CHECK(read_service(service_message(*service)));
        }
    }
    for (const control::Node& message : update.nodes()) {
        if (const auto node = read_node(message)) {
            CHECK(node->name[kNameLength - 1] == '\0' && read_node(node_message(*node)));
        }
    }
}

// Static data is taken whole or not at all, and what was taken can be told on.
void expect_taken_or_not(const control::StaticUpdate& update) {
    StaticData data;
    data.routing_policy = "as it was";
    if (!apply_update(update, data)) {
        CHECK(data.version == 0 && data.store == 0 && data.nodes.empty() && data.services.empty());
        CHECK(data.secrets.empty() && data.former_secrets.empty() && data.routing_policy == "as it was");
        return;
    }
    CHECK(data.version == update.version() && data.store == update.store());
    StaticData again;
    CHECK(apply_update(whole_update(data), again));
    CHECK(again.nodes.size() == data.nodes.size() && again.services.size() == data.services.size());
    CHECK(again.secrets == data.secrets && again.former_secrets == data.former_secrets);
    CHECK(again.routing_policy == data.routing_policy);
}

void expect_links_checked(const control::LinkRow& row) {
    for (const control::LinkItem& item : row.items()) {
        if (const auto link = read_link(NodeId{1}, item)) {
            CHECK(link->loss >= 0 && link->loss <= 1 && link->rtt >= Nanos{0});
        }
    }
    const Instant now{std::chrono::hours{2'000}};
    for (const control::LegItem& item : row.legs()) {
        if (const auto leg = read_leg(item, now)) {
            CHECK(leg->measured.samples != 0 && leg->measured.least <= leg->measured.mean &&
                  leg->measured.age(now) >= Nanos{0});
            CHECK(read_leg(leg_message(*leg, now), now));
        }
    }
}

void expect_results_checked(const control::ProbeResults& results) {
    for (const control::ProbeResult& message : results.results()) {
        if (const auto answer = read_result(message)) {
            CHECK(answer->measured.samples == 0 || answer->measured.mean >= Nanos{0});
            CHECK(read_result(result_message(*answer))->measured.lost == answer->measured.lost);
        }
    }
}

void expect_targets_checked(const control::ProbeTasks& tasks) {
    for (const control::ProbeTarget& message : tasks.targets()) {
        if (const auto target = read_target(message)) {
            CHECK(target->port != 0 && *read_target(target_message(*target)) == *target);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    silence_protobuf();
    FrameReader reader(kLongestFirstFrame);
    reader.add({data, size});
    while (true) {
        const auto next = reader.next();
        if (!next || !*next) {
            return 0;
        }
        if (const auto to_agent = read_message<control::ToAgent>(**next)) {
            expect_stable(to_agent->static_update());
            expect_taken_or_not(to_agent->static_update());
            expect_targets_checked(to_agent->probe_tasks());
        }
        if (const auto to_controller = read_message<control::ToController>(**next)) {
            expect_links_checked(to_controller->link_row());
            expect_results_checked(to_controller->probe_results());
        }
    }
}
