// Over real sockets on loopback.
#include "ctrl/agent/prober.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "dataplane/base/check.h"
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
        ASSERT_EQ(answer.measured.samples, 1U) << answer.target.port;
        EXPECT_EQ(answer.measured.source, MeasurementSource::tcp_connect);
        EXPECT_GE(answer.measured.mean, Nanos{0});
        EXPECT_LE(answer.measured.mean, Prober::kPatience);
        EXPECT_EQ(answer.target.node, answer.target.port == open ? NodeId{2} : kNoNode);
    }
}

TEST_F(ProberTest, WhereNoRouteLeadsIsNotProbedAndNobodyIsNoTrouble) {
    EXPECT_TRUE(probe({{*IpAddress::parse("255.255.255.255"), 80, kNoNode}}).empty());
    EXPECT_TRUE(probe({}).empty());
}

// Whose queue is full answers nothing, as an address behind a filter does.
class FullListener {
  public:
    explicit FullListener(const IpAddress& here) {
        CHECK(::listen(listener_.get(), 0) == 0);
        for (FileDescriptor& client : clients_) {
            client = FileDescriptor{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
            sockaddr_storage to{};
            const socklen_t length = SocketAddress{here, port()}.fill(to);
            (void)::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), length);
        }
    }
    std::uint16_t port() const { return local_address(listener_.get()).port; }

  private:
    FileDescriptor listener_ = *listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
    std::array<FileDescriptor, 4> clients_;
};

TEST_F(ProberTest, WhoDoesNotAnswerIsLostAndNobodyWaitsLonger) {
    const FullListener full(here);
    const auto answers = probe({{here, full.port(), NodeId{2}}});
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].measured.samples, 0U);
    EXPECT_EQ(answers[0].measured.lost, 1U);
}

TEST_F(ProberTest, WhatArrivesAfterItsEndIsNothing) {
    auto listener = listen_tcp({here, 0});
    ASSERT_TRUE(listener);
    const ProbeTarget target{here, local_address(listener->get()).port, NodeId{2}};
    bool called = false;
    {
        Prober another{*loop};
        another.start({target}, [&](const auto&) { called = true; });
    }
    EXPECT_EQ(probe({target}).size(), 1U) << "the loop has heard of both";
    EXPECT_FALSE(called);
}

class StampProberTest : public ProberTest {
  protected:
    std::vector<StampSession> sessions;
    bool edge_is_there = true;
    std::optional<std::vector<ProbeAnswer>> answers;
    Prober stamp_prober{*loop, [this](const StampSession& session) {
                            sessions.push_back(session);
                            return edge_is_there;
                        }};

    void begin(const std::vector<ProbeTarget>& targets) {
        stamp_prober.start(targets, [this](std::vector<ProbeAnswer> done) { answers = std::move(done); });
    }
    void wait() {
        const Instant deadline = real_now() + seconds{60};
        while (!answers && real_now() < deadline) {
            loop->run_once(milliseconds{20});
        }
        ASSERT_TRUE(answers);
    }
    StampReport report(std::uint64_t task, std::uint32_t samples, bool over) {
        StampReport out;
        out.session.task = task;
        out.measurement = {MeasurementSource::stamp, samples, 1, milliseconds{20}, milliseconds{21}, Nanos{0}, {}};
        out.over = over;
        return out;
    }
    const ProbeTarget near{*IpAddress::parse("10.77.0.9"), 862, NodeId{9}, true};
    const ProbeTarget far{*IpAddress::parse("10.77.0.8"), 862, NodeId{8}, true};
};

TEST_F(StampProberTest, SessionsRunThroughTheEdgeAndEndWithTheirReports) {
    begin({near, far});
    ASSERT_EQ(sessions.size(), 2U);
    EXPECT_EQ(sessions[0].peer, near.address);
    EXPECT_EQ(sessions[0].count, Prober::kStampCount);
    EXPECT_NE(sessions[0].task, sessions[1].task);
    stamp_prober.take_stamp(report(sessions[0].task, 3, false));
    stamp_prober.take_stamp(report(77, 3, true));
    stamp_prober.take_stamp(report(sessions[1].task, 0, true));
    stamp_prober.take_stamp(report(sessions[0].task, 9, true));
    wait();
    ASSERT_EQ(answers->size(), 2U);
    EXPECT_EQ((*answers)[0].target, far);
    EXPECT_EQ((*answers)[0].measured.samples, 0U);
    EXPECT_EQ((*answers)[1].target, near);
    EXPECT_EQ((*answers)[1].measured.samples, 9U);
    EXPECT_EQ((*answers)[1].measured.mean, milliseconds{21});
}

TEST_F(StampProberTest, WithoutAnEdgeOrItsReportNobodyAnswers) {
    edge_is_there = false;
    begin({near});
    wait();
    EXPECT_TRUE(answers->empty()) << "nothing was sent";
    answers.reset();
    edge_is_there = true;
    begin({far});
    wait();
    ASSERT_EQ(answers->size(), 1U);
    EXPECT_EQ((*answers)[0].measured.samples, 0U);
    EXPECT_EQ((*answers)[0].measured.lost, Prober::kStampCount);
}

}  // namespace
}  // namespace izar
