// exchange_test.cc -- A lossy, late, doubling channel never leaves a receiver with anything but what was sent.
#include "sched/summary/exchange.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "sched/summary/critical.h"
#include "sched/summary/summarize.h"

namespace izar {
namespace {

class World {
  public:
    explicit World(std::uint32_t seed) : random(seed), direct_(12) {
        for (std::size_t from = 0; from < direct_.nodes(); ++from)
            for (std::size_t to = 0; to < direct_.nodes(); ++to)
                if (from != to)
                    direct_.set(from, to, 1 + static_cast<float>(random() % 200));
    }
    const RttMatrix& drift() {
        for (int i = 0; i < 5; ++i) {
            const auto from = random() % direct_.nodes();
            const auto to = (from + 1 + random() % (direct_.nodes() - 1)) % direct_.nodes();
            direct_.set(from, to, 1 + static_cast<float>(random() % 200));
        }
        return direct_;
    }
    std::mt19937 random;

  private:
    RttMatrix direct_;
};

RC_GTEST_PROP(Exchange, SurvivesLossDelayDoublesAndRestarts, (std::uint32_t seed)) {
    World world(seed);
    SummarySender sender;
    SummaryReceiver receiver;
    std::map<std::uint32_t, MeshSummary> sent;
    std::vector<std::vector<std::uint8_t>> messages;  // under way
    std::vector<std::uint32_t> acknowledgements;
    const SummaryRule rule{.kind = SummaryKind::pruned, .eps = 0.03F};
    std::uint32_t generation = 0;
    const auto deliver = [&](std::size_t at) {
        const auto got = receiver.receive(messages[at]);
        if (!got) {
            sender.on_resync();
            return;
        }
        RC_ASSERT(receiver.newest() != nullptr);
        RC_ASSERT(*receiver.newest() == sent.at(*got));
        acknowledgements.push_back(*got);
    };
    for (int round = 0; round < 60; ++round) {
        auto summary = summarize_links(world.drift(), rule, sender.base());
        const auto bytes = sender.send(summary);
        summary.generation = ++generation;
        sent[generation] = summary;
        messages.push_back(bytes);
        for (int event = 0; event < 3; ++event)
            switch (world.random() % 6) {
                case 0:
                case 1:
                    deliver(messages.size() - 1);
                    break;
                case 2:
                    deliver(world.random() % messages.size());  // late, or again
                    break;
                case 3:
                case 4:
                    if (!acknowledgements.empty())
                        sender.on_acknowledged(acknowledgements[world.random() % acknowledgements.size()]);
                    break;
                default:
                    if (world.random() % 10 == 0)
                        receiver = SummaryReceiver();  // restarted, remembers nothing
            }
    }
    // Once the channel is good, two messages bring both together again.
    for (int message = 0; message < 2; ++message) {
        auto summary = summarize_links(world.drift(), rule, sender.base());
        messages.push_back(sender.send(summary));
        summary.generation = ++generation;
        sent[generation] = summary;
        deliver(messages.size() - 1);
    }
    RC_ASSERT(receiver.newest() != nullptr);
    RC_ASSERT(receiver.newest()->generation == generation);
}

TEST(Exchange, ASteadyMeshCostsAlmostNothing) {
    World world(1);
    const auto direct = world.drift();
    SummarySender sender;
    SummaryReceiver receiver;
    const SummaryRule rule{.kind = SummaryKind::pruned, .eps = 0.03F};
    sender.on_acknowledged(*receiver.receive(sender.send(summarize_links(direct, rule))));
    const auto bytes = sender.send(summarize_links(direct, rule, sender.base()));
    EXPECT_LT(bytes.size(), kSummaryHeaderBytes + 16);
    EXPECT_EQ(*receiver.receive(bytes), 2U);
}

TEST(Exchange, ASenderStartedAnewIsFollowed) {
    World world(1);
    SummaryReceiver receiver;
    const SummaryRule rule{.kind = SummaryKind::pruned, .eps = 0.03F};
    SummarySender first;
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(receiver.receive(first.send(summarize_links(world.drift(), rule))));
    SummarySender second;
    const auto summary = summarize_links(world.drift(), rule);
    ASSERT_TRUE(receiver.receive(second.send(summary)));
    EXPECT_EQ(receiver.newest()->generation, 1U);
    EXPECT_EQ(receiver.newest()->links, summary.links);
}

RC_GTEST_PROP(Critical, ComesBackAndDamageIsRefused, (std::uint32_t seed)) {
    std::mt19937 random(seed);
    CriticalMessage message{static_cast<std::uint32_t>(random()), {}};
    const auto count = random() % (kMaxCriticalChanges + 1);
    for (std::size_t i = 0; i < count; ++i) {
        const auto kind = static_cast<CriticalKind>(1 + random() % 5);
        const bool link = kind <= CriticalKind::link_up;
        const auto node = static_cast<std::uint16_t>(1 + random() % 1000);
        message.changes.push_back(
            {kind, NodeId{node}, link ? NodeId{static_cast<std::uint16_t>(node + 1 + random() % 9)} : kNoNode});
    }
    auto bytes = encode_critical(message);
    const auto decoded = decode_critical(bytes);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == message);
    bytes.resize(random() % bytes.size());
    RC_ASSERT(!decode_critical(bytes).has_value());
}

TEST(Critical, AnyBytesAreReadOrRefused) {
    std::mt19937 random(4);
    std::vector<std::uint8_t> bytes;
    for (int round = 0; round < 200'000; ++round) {
        bytes.resize(random() % 40);
        for (auto& byte : bytes)
            byte = static_cast<std::uint8_t>(random());
        if (bytes.size() > 2) {
            bytes[0] = kCriticalVersion;
            bytes[1] = static_cast<std::uint8_t>((bytes.size() - std::min<std::size_t>(bytes.size(), 6)) / 5);
        }
        if (const auto decoded = decode_critical(bytes)) {
            EXPECT_EQ(encode_critical(*decoded), bytes);
        }
    }
}

}  // namespace
}  // namespace izar
