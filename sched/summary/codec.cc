// codec.cc -- Header, digest, and the two walks put together.
#include "sched/summary/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "sched/summary/codec_walk.h"

namespace izar {
namespace {

// FNV-1a over the numbers of a summary: catches a base that is not the sender's, whatever the reason.
class Digest {
  public:
    void add(std::uint64_t number) noexcept {
        for (int byte = 0; byte < 8; ++byte, number >>= 8)
            state_ = (state_ ^ (number & 0xFF)) * 0x100000001B3U;
    }
    std::uint32_t value() const noexcept { return static_cast<std::uint32_t>(state_ ^ (state_ >> 32)); }

  private:
    std::uint64_t state_ = 0xCBF29CE484222325U;
};

void add_table(Digest& digest, const ItemTable& table) {
    digest.add(static_cast<std::uint64_t>(table.rest) << 32 | table.columns());
    for (const auto bits : table.fraction_bits)
        digest.add(bits);
    for (const auto code : table.groups)
        digest.add(code);
    digest.add(table.items.size());
    for (const auto& item : table.items) {
        digest.add(std::uint64_t{item.at.from} << 32 | std::uint64_t{item.at.to} << 8 | item.represented);
        for (std::size_t column = 0; column < table.columns(); ++column)
            digest.add(item.codes[column]);
    }
}

std::uint32_t digest_of(const MeshSummary& summary) {
    Digest digest;
    digest.add(std::uint64_t{summary.generation} << 32 | std::uint64_t{summary.nodes} << 1 | summary.symmetric);
    for (const auto* group_of : {&summary.region_of, &summary.class_of}) {
        digest.add(group_of->size());
        for (const auto group : *group_of)
            digest.add(group);
    }
    add_table(digest, summary.links);
    add_table(digest, summary.node_items);
    return digest.value();
}

void put_number(std::vector<std::uint8_t>& out, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::uint32_t get_number(std::span<const std::uint8_t> bytes) {
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

std::vector<std::uint8_t> start_message(SummaryMessage message, const MeshSummary& summary, std::uint32_t base) {
    std::vector<std::uint8_t> out{kSummaryVersion, static_cast<std::uint8_t>(message)};
    put_number(out, summary.generation);
    put_number(out, base);
    put_number(out, digest_of(summary));
    return out;
}

// The items of `all` that `base` does not have.
std::vector<SummaryItem> added_items(const ItemTable& base, const ItemTable& all) {
    std::vector<SummaryItem> added;
    auto old = base.items.begin();
    for (const auto& item : all.items) {
        while (old != base.items.end() && old->at < item.at)
            ++old;
        if (old == base.items.end() || item.at < old->at)
            added.push_back(item);
    }
    return added;
}

// Both in order. False if an item was added that is there already, or if there are more than `most`: the digest that a
// sender computed says nothing against either.
bool merge_items(ItemTable& table, std::vector<SummaryItem> survivors, std::size_t most) {
    const auto middle = static_cast<std::ptrdiff_t>(survivors.size());
    survivors.insert(survivors.end(), table.items.begin(), table.items.end());
    std::inplace_merge(survivors.begin(), survivors.begin() + middle, survivors.end(),
                       [](const auto& a, const auto& b) { return a.at < b.at; });
    table.items = std::move(survivors);
    const auto same_place = [](const auto& a, const auto& b) { return a.at == b.at; };
    return table.items.size() <= most && std::ranges::adjacent_find(table.items, same_place) == table.items.end();
}

// The walk over a delta: changes of both tables, then what was added. On writing `summary` is the new one; on
// reading it has the base's shape and ends up the new one.
template <typename Coder>
bool walk_delta(SummaryWalk<Coder>& walk, const MeshSummary& base, MeshSummary& summary, const DecodeLimits& limits) {
    const std::size_t regions = base.region_count();
    const auto link_group = [&](LinkIndex at) { return base.link_group(at, regions); };
    const auto node_group = [&](LinkIndex at) -> std::size_t {
        return base.class_of.empty() ? 0 : base.class_of[at.to];
    };
    MeshSummary added = summary;
    if (!walk.changes(base.links, summary.links, link_group) ||
        !walk.changes(base.node_items, summary.node_items, node_group))
        return false;
    if constexpr (SummaryWalk<Coder>::kReading) {
        added.links.items.clear();
        added.node_items.items.clear();
    } else {
        added.links.items = added_items(base.links, summary.links);
        added.node_items.items = added_items(base.node_items, summary.node_items);
    }
    if (!walk.links(added) || !walk.nodes(added))
        return false;
    if constexpr (SummaryWalk<Coder>::kReading) {
        if (!merge_items(added.links, std::move(summary.links.items), limits.items) ||
            !merge_items(added.node_items, std::move(summary.node_items.items), limits.items))
            return false;
        summary = std::move(added);
    }
    return true;
}

bool walk_full(SummaryWalk<RangeDecoder>& walk, MeshSummary& summary) {
    return walk.shape(summary) && walk.links(summary) && walk.nodes(summary);
}

}  // namespace

std::vector<std::uint8_t> encode_full(const MeshSummary& summary) {
    auto out = start_message(SummaryMessage::full, summary, 0);
    RangeEncoder coder(out);
    const DecodeLimits limits;
    const auto walk = std::make_unique<SummaryWalk<RangeEncoder>>(coder, limits);
    MeshSummary walked = summary;
    CHECK(walk->shape(walked) && walk->links(walked) && walk->nodes(walked));
    coder.finish();
    return out;
}

std::optional<std::vector<std::uint8_t>> encode_delta(const MeshSummary& base, const MeshSummary& summary) {
    if (!summary.same_shape(base))
        return std::nullopt;
    auto out = start_message(SummaryMessage::delta, summary, base.generation);
    RangeEncoder coder(out);
    const DecodeLimits limits;
    const auto walk = std::make_unique<SummaryWalk<RangeEncoder>>(coder, limits);
    MeshSummary walked = summary;
    CHECK(walk_delta(*walk, base, walked, limits));
    coder.finish();
    return out;
}

Result<SummaryHeader> read_header(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < kSummaryHeaderBytes)
        return fail(fmt::format("a summary of {} bytes is shorter than its header; ask for a full one", bytes.size()));
    if (bytes[0] != kSummaryVersion)
        return fail(fmt::format("summary format version {} is not version {}; update the older side", bytes[0],
                                kSummaryVersion));
    const auto message = static_cast<SummaryMessage>(bytes[1]);
    if (message != SummaryMessage::full && message != SummaryMessage::delta)
        return fail(fmt::format("summary message {} is neither full nor delta", bytes[1]));
    return SummaryHeader{message, get_number(bytes.subspan(2)), get_number(bytes.subspan(6)),
                         get_number(bytes.subspan(10))};
}

Result<MeshSummary> decode_summary(std::span<const std::uint8_t> bytes, const MeshSummary* base,
                                   const DecodeLimits& limits) {
    const auto header = read_header(bytes);
    if (!header)
        return tl::unexpected(header.error());
    const bool delta = header->message == SummaryMessage::delta;
    if (delta && (base == nullptr || base->generation != header->base))
        return fail(fmt::format("the delta changes summary {}, which is not here; ask for a full one", header->base));
    RangeDecoder coder(bytes.subspan(kSummaryHeaderBytes));
    const auto walk = std::make_unique<SummaryWalk<RangeDecoder>>(coder, limits);
    MeshSummary summary;
    if (delta)
        summary = *base;
    const bool walked = delta ? walk_delta(*walk, *base, summary, limits) : walk_full(*walk, summary);
    summary.generation = header->generation;
    if (!walked || coder.overrun() || !coder.exhausted() || digest_of(summary) != header->digest)
        return fail("the summary is damaged or changes another base than this one; ask for a full one");
    return summary;
}

}  // namespace izar
