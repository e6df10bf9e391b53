// row_summary_fuzz.cc -- Any bytes as a node's row, and as a change of one: what is taken is a row of known nodes.
//
// The digest of a summary refuses nearly every mutation, so the bytes are also read as the inside of one, without it,
// and what they say is given to the receiver as its writer would.
#include <cstdint>
#include <memory>
#include <span>

#include "ctrl/mesh/row_summary.h"
#include "dataplane/base/check.h"
#include "sched/summary/codec.h"
#include "sched/summary/codec_walk.h"

namespace {

using namespace izar;

constexpr NodeId kSelf{1};
constexpr std::uint16_t kNodes = 12;
constexpr DecodeLimits kLimits{.nodes = kNodes, .items = kNodes};

RowPlaces places() {
    RowPlaces out;
    for (std::uint16_t id = 1; id <= kNodes; ++id) {
        out.nodes.push_back(NodeId{id});
        out.region_of.push_back(static_cast<std::uint8_t>(id / 7));
    }
    return out;
}

MeshSummary base_row(const RowPlaces& places) {
    std::vector<FeedLink> links;
    for (const NodeId to : places.nodes) {
        if (to != kSelf) {
            links.push_back({.from = kSelf, .to = to, .rtt = std::chrono::milliseconds{raw(to)}, .count = 1});
        }
    }
    MeshSummary out = summarize_row(links, places, nullptr);
    out.generation = 1;
    return out;
}

void expect_row(const std::vector<FeedLink>& links) {
    NodeId before = kSelf;
    for (const FeedLink& link : links) {
        CHECK(link.from == kSelf && link.to > before && raw(link.to) <= kNodes);
        CHECK(link.rtt >= Nanos{0} && link.rtt <= std::chrono::minutes{1} && link.variation >= Nanos{0});
        CHECK(link.loss >= 0 && link.loss <= 1);
        before = link.to;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> bytes(data, size);
    const RowPlaces all = places();
    const MeshSummary base = base_row(all);
    RowReceiver receiver;
    CHECK(receiver.receive(encode_full(base), kSelf, all.nodes).has_value());
    if (const auto links = receiver.receive(bytes, kSelf, all.nodes)) {
        expect_row(*links);
    }
    RangeDecoder coder(bytes);
    const auto walk = std::make_unique<SummaryWalk<RangeDecoder>>(coder, kLimits);
    MeshSummary inside;
    if (walk->shape(inside) && walk->links(inside) && walk->nodes(inside) && !coder.overrun()) {
        RowReceiver fresh;
        if (const auto links = fresh.receive(encode_full(inside), kSelf, all.nodes)) {
            expect_row(*links);
        }
    }
    return 0;
}
