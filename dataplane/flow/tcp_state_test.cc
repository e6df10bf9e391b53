#include "dataplane/flow/tcp_state.h"

#include <gtest/gtest.h>

#include <vector>

#include "dataplane/flow/flow_time.h"

namespace izar {
namespace {

using enum TcpState;
using enum Direction;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::uint8_t kSyn = kTcpSyn;
constexpr std::uint8_t kSynAck = kTcpSyn | kTcpAck;
constexpr std::uint8_t kAck = kTcpAck;
constexpr std::uint8_t kFin = kTcpFin | kTcpAck;
constexpr std::uint8_t kRst = kTcpRst;

struct Row {
    TcpState before;
    Direction direction;
    std::uint8_t flags;
    TcpState after;
    bool restarted = false;
};

TEST(TcpState, EveryTransition) {
    const std::vector<Row> rows = {
        {opening, forward, kSyn, opening},  // repeated
        {opening, reply, kSynAck, opening},
        {opening, reply, kAck, opening},  // a challenge, or nonsense: no proof that the client is there
        {opening, forward, kAck, established},
        {opening, forward, kSynAck, opening},
        {opening, forward, kFin, client_closed},
        {opening, reply, kFin, origin_closed},
        {opening, reply, kRst | kTcpAck, closed},

        {established, forward, kAck, established},
        {established, reply, kAck, established},
        {established, forward, kSyn, established},  // RFC 5961: the origin challenges it
        {established, forward, kFin, client_closed},
        {established, reply, kFin, origin_closed},
        {established, forward, kRst, closed},
        {established, reply, kRst, closed},

        {client_closed, forward, kFin, client_closed},  // repeated
        {client_closed, forward, kAck, client_closed},
        {client_closed, reply, kAck, client_closed},  // half-closed: the origin goes on
        {client_closed, reply, kFin, closing},
        {client_closed, forward, kSyn, client_closed},
        {client_closed, reply, kRst, closed},

        {origin_closed, reply, kFin, origin_closed},
        {origin_closed, forward, kAck, origin_closed},
        {origin_closed, forward, kFin, closing},
        {origin_closed, forward, kSyn, origin_closed},
        {origin_closed, forward, kRst, closed},

        {closing, forward, kAck, closing},
        {closing, forward, kFin, closing},
        {closing, reply, kFin, closing},
        {closing, reply, kSyn, closing},  // an origin does not reuse the client's ports
        {closing, forward, kSynAck, closing},
        {closing, forward, kSyn, opening, true},
        {closing, forward, kRst, closed},

        {closed, forward, kAck, closed},
        {closed, forward, kFin, closed},
        {closed, reply, kSyn, closed},
        {closed, forward, kSyn, opening, true},
        {closed, forward, kSyn | kTcpRst, closed},
        {closed, forward, kSyn | kTcpFin, closed},
        {closed, reply, kRst, closed},
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const TcpStep step = next_tcp_state(rows[i].before, rows[i].direction, rows[i].flags);
        EXPECT_EQ(step.state, rows[i].after) << "row " << i;
        EXPECT_EQ(step.restarted, rows[i].restarted) << "row " << i;
    }
}

TEST(TcpState, FirstPacket) {
    EXPECT_EQ(first_tcp_state(kSyn), opening);
    EXPECT_EQ(first_tcp_state(kSyn | 0xC0), opening);  // with ECN, RFC 3168 section 6.1.1
    EXPECT_EQ(first_tcp_state(kAck), established);     // its flow was elsewhere until now
    EXPECT_EQ(first_tcp_state(kFin), client_closed);
    EXPECT_EQ(first_tcp_state(kRst), closed);
}

TEST(TcpState, TimeoutClasses) {
    FlowTimeouts t;
    t.tcp_opening = seconds{1};
    t.tcp_established = seconds{2};
    t.tcp_closing = seconds{3};
    t.udp = seconds{4};
    t.icmp = seconds{5};
    EXPECT_EQ(flow_timeout(IpProtocol::tcp, opening, t), seconds{1});
    EXPECT_EQ(flow_timeout(IpProtocol::tcp, established, t), seconds{2});
    for (const TcpState state : {client_closed, origin_closed, closing, closed}) {
        EXPECT_EQ(flow_timeout(IpProtocol::tcp, state, t), seconds{3});
    }
    EXPECT_EQ(flow_timeout(IpProtocol::udp, opening, t), seconds{4});
    EXPECT_EQ(flow_timeout(IpProtocol::icmp, closed, t), seconds{5});
    EXPECT_EQ(flow_timeout(IpProtocol::icmpv6, closed, t), seconds{5});
    t.udp = hours{24 * 365};
    EXPECT_EQ(flow_timeout(IpProtocol::udp, opening, t), kLongestFlowTimeout);
}

TEST(FlowTime, ElapsedSurvivesTheWrapAndNeverRunsBackwards) {
    const Instant start{hours{78} + seconds{600}};  // close to where 32 bits of ticks wrap
    const FlowTime since = FlowTime::of(start);
    for (const Nanos later : {Nanos{0}, Nanos{seconds{1}}, Nanos{seconds{900}}, Nanos{hours{24}}}) {
        const Nanos measured = elapsed(since, FlowTime::of(start + later));
        EXPECT_LE(std::abs((measured - later).count()), 1 << kFlowTickShift);
    }
    EXPECT_EQ(elapsed(since, FlowTime::of(start - seconds{1})), Nanos{0});
}

}  // namespace
}  // namespace izar
