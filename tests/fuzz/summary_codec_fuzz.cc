// summary_codec_fuzz.cc -- Any bytes as a summary, a change of one, and a critical message: what is accepted comes
// back the same when it is written again.
//
// The digest of a summary refuses nearly every mutation at the end of decoding, so the walk behind the header is
// also run on its own, without it.
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/base/check.h"
#include "sched/summary/codec.h"
#include "sched/summary/codec_walk.h"
#include "sched/summary/critical.h"

namespace {

using namespace izar;

constexpr DecodeLimits kLimits{.nodes = 256, .items = 8192};

MeshSummary small_base() {
    MeshSummary base;
    base.generation = 1;
    base.nodes = 6;
    base.region_of = {0, 0, 1, 1, 2, 2};
    base.links.fraction_bits = {6};
    base.links.groups.assign(9, 500);
    for (std::uint16_t from = 0; from < 5; ++from)
        base.links.items.push_back({{from, static_cast<std::uint16_t>(from + 1)}, from % 2 == 0, {}});
    base.links.items[1].codes[0] = 700;
    base.links.items[3].codes[0] = 800;
    base.node_items.fraction_bits = {4, 5};
    base.node_items.items.push_back({{0, 3}, false, {40, 90}});
    return base;
}

void write_again(const MeshSummary& summary, const MeshSummary* base) {
    const auto full = decode_summary(encode_full(summary), nullptr);
    CHECK(full.has_value() && *full == summary);
    if (base == nullptr)
        return;
    if (const auto delta = encode_delta(*base, summary)) {
        const auto changed = decode_summary(*delta, base);
        CHECK(changed.has_value() && *changed == summary);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> bytes(data, size);
    const MeshSummary base = small_base();
    if (const auto summary = decode_summary(bytes, &base, kLimits))
        write_again(*summary, &base);
    if (const auto message = decode_critical(bytes)) {
        const auto written = encode_critical(*message);
        CHECK(std::equal(written.begin(), written.end(), bytes.begin(), bytes.end()));
    }
    RangeDecoder coder(bytes);
    const auto walk = std::make_unique<SummaryWalk<RangeDecoder>>(coder, kLimits);
    MeshSummary summary;
    if (walk->shape(summary) && walk->links(summary) && walk->nodes(summary) && !coder.overrun())
        write_again(summary, nullptr);
    return 0;
}
