#include "probes/tcp_connect_probe.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace izar {
namespace {

using std::chrono::milliseconds;
using Outcome = TcpConnectProbe::Outcome;

constexpr Instant kStart{std::chrono::seconds{10}};

IpAddress loopback() {
    return *IpAddress::parse("127.0.0.1");
}

// A TCP port of the loopback interface: listening, or bound by nobody but this and so refused.
class LocalPort {
  public:
    explicit LocalPort(bool listens) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
        if (listens) {
            EXPECT_EQ(listen(socket_, 8), 0);
        }
        socklen_t length = sizeof any;
        EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&any), &length), 0);
        number_ = ntohs(any.sin_port);
    }
    LocalPort(const LocalPort&) = delete;
    ~LocalPort() { close(socket_); }
    std::uint16_t number() const { return number_; }
    int accept_one() const { return accept(socket_, nullptr, nullptr); }

  private:
    int socket_;
    std::uint16_t number_ = 0;
};

void wait_for(const TcpConnectProbe& probe) {
    pollfd state{probe.descriptor(), POLLOUT, 0};
    ASSERT_EQ(poll(&state, 1, 10'000), 1);
}

TEST(TcpConnectProbe, AnAcceptedConnectHasTheKernelsRoundTrip) {
    const LocalPort server(true);
    const auto probe = TcpConnectProbe::start(loopback(), server.number(), kStart);
    ASSERT_TRUE(probe.has_value());
    wait_for(*probe);
    const auto answer = probe->finish(kStart + milliseconds{500});
    EXPECT_EQ(answer.outcome, Outcome::accepted);
    ASSERT_TRUE(answer.rtt.has_value());
    EXPECT_GT(*answer.rtt, Nanos{0});
    EXPECT_LT(*answer.rtt, milliseconds{500}) << "not what the caller's clock says";
}

TEST(TcpConnectProbe, ARefusalIsAnAnswer) {
    const LocalPort nobody(false);
    const auto probe = TcpConnectProbe::start(loopback(), nobody.number(), kStart);
    ASSERT_TRUE(probe.has_value());
    wait_for(*probe);
    const auto answer = probe->finish(kStart + milliseconds{7});
    EXPECT_EQ(answer.outcome, Outcome::refused);
    EXPECT_EQ(answer.rtt, milliseconds{7});
}

TEST(TcpConnectProbe, ThePeerSeesAResetAndNoConnectionStays) {
    const LocalPort server(true);
    {
        const auto probe = TcpConnectProbe::start(loopback(), server.number(), kStart);
        ASSERT_TRUE(probe.has_value());
        wait_for(*probe);
    }
    const int accepted = server.accept_one();
    char byte = 0;
    EXPECT_EQ(read(accepted, &byte, 1), -1);
    EXPECT_EQ(errno, ECONNRESET);
    close(accepted);
}

TEST(TcpConnectProbe, WithoutRouteTheErrorSaysSo) {
    const auto probe = TcpConnectProbe::start(*IpAddress::parse("255.255.255.255"), 80, kStart);
    ASSERT_FALSE(probe.has_value());
    EXPECT_NE(probe.error().text.find("255.255.255.255 port 80"), std::string::npos);
}

}  // namespace
}  // namespace izar
