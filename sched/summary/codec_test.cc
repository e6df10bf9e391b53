// codec_test.cc -- Round trips of random summaries and changes, damage, bombs, and a million random strings.
#include "sched/summary/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "sched/summary/codec_walk.h"

namespace izar {
namespace {

using Random = std::mt19937;

Code random_code(Random& random, int bits) {
    return static_cast<Code>(random() % (Quantizer(bits).last_code() + 1U));
}

void fill_items(Random& random, ItemTable& table, std::size_t rows, std::size_t nodes, bool triangle, double density) {
    table.items.clear();
    if (table.columns() == 0)
        return;
    std::bernoulli_distribution listed(density);
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t to = triangle ? row + 1 : 0; to < nodes; ++to) {
            if ((rows > 1 && to == row) || !listed(random))
                continue;
            SummaryItem item{{static_cast<std::uint16_t>(row), static_cast<std::uint16_t>(to)}, false, {}};
            item.represented = !table.groups.empty() && random() % 3 == 0;
            for (std::size_t column = 0; column < table.columns() && !item.represented; ++column)
                item.codes[column] = random_code(random, table.fraction_bits[column]);
            table.items.push_back(item);
        }
}

void shape_table(Random& random, ItemTable& table, std::size_t groups, bool may_lack) {
    const std::size_t columns = random() % (kMaxColumns + (may_lack ? 1 : 0)) + (may_lack ? 0 : 1);
    for (std::size_t column = 0; column < columns; ++column)
        table.fraction_bits.push_back(static_cast<std::uint8_t>(
            kLeastFractionBits + static_cast<int>(random() % (kMostFractionBits - kLeastFractionBits + 1))));
    if (columns == 0 || random() % 2 == 0)
        return;
    table.rest = random() % 2 == 0 ? Rest::absent : Rest::represented;
    for (std::size_t i = 0; i < groups * columns; ++i)
        table.groups.push_back(random_code(random, table.fraction_bits[i % columns]));
}

void fill(Random& random, MeshSummary& summary, double density) {
    fill_items(random, summary.links, summary.nodes, summary.nodes, summary.symmetric, density);
    fill_items(random, summary.node_items, 1, summary.nodes, false, density);
}

MeshSummary random_summary(Random& random, std::size_t most_nodes) {
    MeshSummary summary;
    summary.generation = static_cast<std::uint32_t>(random());
    summary.nodes = static_cast<std::uint16_t>(1 + random() % most_nodes);
    summary.symmetric = random() % 2 == 0;
    const auto group_nodes = [&](std::vector<std::uint8_t>& group_of) {
        if (random() % 3 == 0)
            return;
        const std::size_t groups = 1 + random() % 12;
        for (std::size_t node = 0; node < summary.nodes; ++node)
            group_of.push_back(static_cast<std::uint8_t>(random() % groups));
    };
    group_nodes(summary.region_of);
    group_nodes(summary.class_of);
    shape_table(random, summary.links, summary.link_groups(), false);
    shape_table(random, summary.node_items, summary.class_count(), true);
    fill(random, summary, static_cast<double>(random() % 100) / 100);
    return summary;
}

// Keeps, changes, drops and adds items.
MeshSummary changed(Random& random, const MeshSummary& base) {
    MeshSummary other = base;
    fill(random, other, 0.2);
    MeshSummary result = base;
    ++result.generation;
    const auto mix = [&](const ItemTable& from, const ItemTable& fresh, ItemTable& to) {
        to.items.clear();
        std::vector<SummaryItem> all = fresh.items;
        for (const auto& item : from.items)
            if (random() % 4 != 0 && !std::any_of(all.begin(), all.end(), [&](auto& a) { return a.at == item.at; }))
                all.push_back(item);
        std::sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.at < b.at; });
        to.items = all;
    };
    mix(base.links, other.links, result.links);
    mix(base.node_items, other.node_items, result.node_items);
    return result;
}

RC_GTEST_PROP(SummaryCodec, AFullSummaryComesBack, (std::uint32_t seed)) {
    Random random(seed);
    const auto summary = random_summary(random, seed % 8 == 0 ? 600 : 60);
    const auto bytes = encode_full(summary);
    const auto decoded = decode_summary(bytes, nullptr);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == summary);
}

RC_GTEST_PROP(SummaryCodec, AChangeComesBackOnItsBaseOnly, (std::uint32_t seed)) {
    Random random(seed);
    const auto base = random_summary(random, 40);
    const auto summary = changed(random, base);
    const auto bytes = encode_delta(base, summary);
    RC_ASSERT(bytes.has_value());
    const auto decoded = decode_summary(*bytes, &base);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == summary);

    RC_ASSERT(!decode_summary(*bytes, nullptr).has_value());
    MeshSummary older = base;
    --older.generation;
    RC_ASSERT(!decode_summary(*bytes, &older).has_value());
    MeshSummary diverged = summary;  // right generation, wrong content
    diverged.generation = base.generation;
    const auto wrong = decode_summary(*bytes, &diverged);
    RC_ASSERT(!wrong.has_value() || *wrong == summary);
}

TEST(SummaryCodec, AnotherShapeHasNoDelta) {
    Random random(3);
    const auto base = random_summary(random, 40);
    MeshSummary other = base;
    ++other.nodes;
    other.region_of.clear();
    EXPECT_FALSE(encode_delta(base, other));
}

RC_GTEST_PROP(SummaryCodec, DamageIsRefused, (std::uint32_t seed)) {
    Random random(seed);
    const auto summary = random_summary(random, 30);
    auto bytes = encode_full(summary);
    const auto kind = random() % 3;
    if (kind == 0)
        bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1U << (random() % 8));
    else if (kind == 1)
        bytes.resize(random() % bytes.size());
    else
        bytes.push_back(static_cast<std::uint8_t>(random()));
    const auto decoded = decode_summary(bytes, nullptr);
    // The range coder ignores some of its last bits: what is accepted must be what was sent.
    RC_ASSERT(!decoded.has_value() || *decoded == summary);
}

TEST(SummaryCodec, AMillionRandomStringsAreRefused) {
    Random random(7);
    const auto base = random_summary(random, 12);
    std::vector<std::uint8_t> bytes;
    const DecodeLimits limits{.nodes = 64, .items = 4096};
    std::size_t accepted = 0;
    for (int round = 0; round < 1'000'000; ++round) {
        bytes.resize(random() % 64);
        for (auto& byte : bytes)
            byte = static_cast<std::uint8_t>(random());
        if (bytes.size() >= kSummaryHeaderBytes && round % 8 != 0) {
            // Past the header, where most of the decoder is.
            const std::uint32_t generation = base.generation;
            const std::uint8_t header[] = {kSummaryVersion,
                                           static_cast<std::uint8_t>(1 + round % 2),
                                           0,
                                           0,
                                           0,
                                           0,
                                           static_cast<std::uint8_t>(generation >> 24),
                                           static_cast<std::uint8_t>(generation >> 16),
                                           static_cast<std::uint8_t>(generation >> 8),
                                           static_cast<std::uint8_t>(generation)};
            std::copy(std::begin(header), std::end(header), bytes.begin());
        }
        accepted += decode_summary(bytes, &base, limits).has_value();
    }
    EXPECT_EQ(accepted, 0U);
}

TEST(SummaryCodec, ALittleInputCannotAskForMuchMemory) {
    MeshSummary summary;
    summary.nodes = 2000;
    summary.links.fraction_bits = {3};
    for (std::uint16_t from = 0; from < 200; ++from)
        for (std::uint16_t to = 0; to < 2000; ++to)
            if (from != to)
                summary.links.items.push_back({{from, to}, false, {50}});
    const auto bytes = encode_full(summary);
    EXPECT_LT(bytes.size(), summary.links.items.size() / 50);
    EXPECT_TRUE(decode_summary(bytes, nullptr));
    EXPECT_FALSE(decode_summary(bytes, nullptr, {.nodes = 1999, .items = 1 << 20}));
    EXPECT_FALSE(decode_summary(bytes, nullptr, {.nodes = 2000, .items = summary.links.items.size() - 1}));
}

TEST(SummaryCodec, HeaderSaysWhatIsWrong) {
    const std::vector<std::uint8_t> tiny(3);
    EXPECT_NE(read_header(tiny).error().text.find("shorter than its header"), std::string::npos);
    std::vector<std::uint8_t> bytes(kSummaryHeaderBytes);
    EXPECT_NE(read_header(bytes).error().text.find("version 0 is not version 1"), std::string::npos);
    bytes[0] = kSummaryVersion;
    EXPECT_NE(read_header(bytes).error().text.find("neither full nor delta"), std::string::npos);
}

MeshSummary three_nodes(std::uint32_t generation, std::vector<SummaryItem> links) {
    MeshSummary out;
    out.generation = generation;
    out.nodes = 3;
    out.links.fraction_bits = {6};
    out.links.items = std::move(links);
    return out;
}

// What a sender that means ill can make: all of `base` stays, `link` is added once more, and the digest is right for
// the impossible summary that this leads to.
std::vector<std::uint8_t> delta_that_adds(const MeshSummary& base, const SummaryItem& link) {
    MeshSummary twice = base;
    ++twice.generation;
    MeshSummary added = twice;
    twice.links.items.insert(std::ranges::find(twice.links.items, link), link);
    added.links.items = {link};
    auto out = encode_delta(base, twice).value();
    out.resize(kSummaryHeaderBytes);
    RangeEncoder coder(out);
    const DecodeLimits limits;
    const auto walk = std::make_unique<SummaryWalk<RangeEncoder>>(coder, limits);
    const auto group = [](LinkIndex) -> std::size_t { return 0; };
    MeshSummary same = base;
    EXPECT_TRUE(walk->changes(base.links, same.links, group) &&
                walk->changes(base.node_items, same.node_items, group) && walk->links(added) && walk->nodes(added));
    coder.finish();
    return out;
}

TEST(SummaryDelta, AnItemThatIsThereAlreadyIsNotAdded) {
    const SummaryItem one{{0, 1}, false, {100}};
    const SummaryItem other{{1, 2}, false, {200}};
    const MeshSummary base = three_nodes(1, {one, other});
    EXPECT_FALSE(decode_summary(delta_that_adds(base, other), &base));
    EXPECT_FALSE(decode_summary(delta_that_adds(base, one), &base));
}

TEST(SummaryDelta, KeepsTheLimitOfItems) {
    const SummaryItem one{{0, 1}, false, {100}};
    const SummaryItem other{{1, 2}, false, {200}};
    const MeshSummary base = three_nodes(1, {one});
    const auto adds = encode_delta(base, three_nodes(2, {one, other})).value();
    EXPECT_TRUE(decode_summary(adds, &base, {.nodes = 3, .items = 2}));
    EXPECT_FALSE(decode_summary(adds, &base, {.nodes = 3, .items = 1}));
}

}  // namespace
}  // namespace izar
