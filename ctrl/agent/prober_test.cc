// Over real sockets on loopback.
#include "ctrl/agent/prober.h"

#include <gtest/gtest.h>

#include "dataplane/base/testing/real_time.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ProberTest : public testing::Test {
  protected:
    std::vector<ProbeAnswer> probe(const std::vector<ProbeTarget>& targets) {
        std::optional<std::vector<ProbeAnswer>> out;
        prober.start(targets, [&](std::vector<ProbeAnswer> answers) { out = std::move(answers); });
        const Instant deadline = real_now() + seconds{20};
        while (!out && real_now() < deadline) {
            loop->run_once(milliseconds{20});
        }
        EXPECT_FALSE(prober.busy());
        return out.value_or(std::vector<ProbeAnswer>{});
    }
    const IpAddress here = *IpAddress::parse("127.0.0.1");
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::make(real_now));
    Prober prober{*loop};
};

TEST_F(ProberTest, WhoAcceptsAndWhoRefusesHasAnswered) {
    auto listener = listen_tcp({here, 0});
    ASSERT_TRUE(listener);
    const std::uint16_t open = local_address(listener->get()).port;
    std::uint16_t closed = 0;
    {
        auto gone = listen_tcp({here, 0});
        ASSERT_TRUE(gone);
        closed = local_address(gone->get()).port;
    }
    const auto answers = probe({{here, open, NodeId{2}}, {here, closed, kNoNode}});
    ASSERT_EQ(answers.size(), 2U);
    for (const ProbeAnswer& answer : answers) {
        ASSERT_TRUE(answer.rtt) << answer.target.port;
        EXPECT_GE(*answer.rtt, Nanos{0});
        EXPECT_LE(*answer.rtt, Prober::kPatience);
        EXPECT_EQ(answer.target.node, answer.target.port == open ? NodeId{2} : kNoNode);
    }
}

TEST_F(ProberTest, WhereNoRouteLeadsIsNotProbedAndNobodyIsNoTrouble) {
    EXPECT_TRUE(probe({{*IpAddress::parse("255.255.255.255"), 80, kNoNode}}).empty());
    EXPECT_TRUE(probe({}).empty());
}

}  // namespace
}  // namespace izar
