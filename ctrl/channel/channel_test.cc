// Channels over real sockets on loopback and a clock that the test moves.
#include "ctrl/channel/channel.h"

#include <control.pb.h>
#include <gtest/gtest.h>

#include <chrono>

#include "ctrl/frames/messages.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const WallSeconds kToday{seconds{1'790'000'000}};

struct Recorder : ChannelEvents {
    void on_open() override { ++opened; }
    bool on_message(std::span<const std::uint8_t> payload) override {
        messages.emplace_back(payload.begin(), payload.end());
        return accept;
    }
    void on_end(const std::string& reason) override {
        ++ended;
        why = reason;
    }
    int opened = 0;
    int ended = 0;
    bool accept = true;
    std::string why;
    std::vector<std::vector<std::uint8_t>> messages;
};

class ChannelTest : public testing::Test {
  protected:
    void SetUp() override {
        loop = std::move(*EventLoop::make([this] { return now; }));
        auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
        ASSERT_TRUE(listener);
        address = local_address(listener->get());
        loop->accept(std::move(*listener), [this](StreamId stream, const SocketAddress&) -> StreamEvents* {
            server = std::make_unique<Channel>(*loop, controller, kToday, at_server);
            server->attach(stream);
            return server.get();
        });
    }
    void connect() {
        client = std::make_unique<Channel>(*loop, node, kToday, at_client);
        ASSERT_TRUE(client->connect(address));
    }
    template <typename Condition>
    [[nodiscard]] bool run_until(Condition condition) {
        for (int i = 0; i < 5'000 && !condition(); ++i) {
            loop->run_once(milliseconds{2});
        }
        return condition();
    }

    Instant now{seconds{1}};
    CertificateAuthority authority = *CertificateAuthority::make(kToday);
    CertificateRequest request = *make_request();
    TlsContext controller = *TlsContext::for_controller(*authority.make_controller(kToday), authority.certificate());
    TlsContext node = *TlsContext::for_node({*authority.sign_node(request.request, NodeId{7}, kToday), request.key},
                                            authority.certificate());
    Recorder at_server;
    Recorder at_client;
    std::unique_ptr<EventLoop> loop;
    SocketAddress address;
    std::unique_ptr<Channel> server;
    std::unique_ptr<Channel> client;
};

TEST_F(ChannelTest, CarriesMessagesBothWays) {
    connect();
    client->send(frame_of(std::vector<std::uint8_t>{1}));  // before it is open: it waits
    ASSERT_TRUE(run_until([&] { return at_server.messages.size() == 1; }));
    EXPECT_EQ(server->peer().node, NodeId{7});
    EXPECT_EQ(at_client.opened, 1);
    EXPECT_EQ(at_server.opened, 1);
    const std::vector<std::uint8_t> large(kLongestFrame, 5);
    server->send(frame_of(large));
    server->send_newest(Newest::mesh, frame_of(std::vector<std::uint8_t>{3}));
    ASSERT_TRUE(run_until([&] { return at_client.messages.size() == 2; }));
    EXPECT_EQ(at_client.messages[0], large);
    EXPECT_EQ(at_client.messages[1], std::vector<std::uint8_t>{3});
    client.reset();
    ASSERT_TRUE(run_until([&] { return at_server.ended == 1; }));
}

TEST_F(ChannelTest, PeerThatDoesNotReadIsCutAndCostsABoundedQueue) {
    FileDescriptor deaf = *open_tcp(Family::ipv4);  // a TLS client by hand, which then never reads again
    TlsSession session(node, kToday);
    ASSERT_TRUE(session.begin());
    sockaddr_storage to{};
    const socklen_t length = address.fill(to);
    ASSERT_EQ(::connect(deaf.get(), reinterpret_cast<const sockaddr*>(&to), length), 0);
    std::vector<std::uint8_t> ignored;
    while (server == nullptr || !server->is_open()) {
        const auto out = session.take_output();
        if (!out.empty()) {
            ASSERT_EQ(::send(deaf.get(), out.data(), out.size(), 0), static_cast<ssize_t>(out.size()));
        }
        loop->run_once(milliseconds{5});
        std::array<std::uint8_t, 4096> in{};
        const ssize_t got = recv(deaf.get(), in.data(), in.size(), MSG_DONTWAIT);
        if (got > 0) {
            ASSERT_TRUE(session.receive(std::span(in).first(static_cast<std::size_t>(got)), ignored));
        }
    }
    std::size_t most = 0;
    for (int i = 0; i < 2'000 && at_server.ended == 0; ++i) {
        server->send(frame_of(std::vector<std::uint8_t>(100'000)));
        server->send_newest(Newest::mesh, frame_of(std::vector<std::uint8_t>(50'000)));
        most = std::max(most, server->waiting_bytes() + loop->unsent(StreamId{0}));
        loop->run_once(Nanos{0});
    }
    EXPECT_EQ(at_server.ended, 1);
    EXPECT_EQ(at_server.why, "the peer reads too slowly");
    EXPECT_LE(most, Outbox::kMostKept + 100'000);
}

TEST_F(ChannelTest, HandshakeThatNeverEndsIsCut) {
    FileDescriptor silent = *open_tcp(Family::ipv4);
    sockaddr_storage to{};
    const socklen_t length = address.fill(to);
    ASSERT_EQ(::connect(silent.get(), reinterpret_cast<const sockaddr*>(&to), length), 0);
    ASSERT_TRUE(run_until([&] { return server != nullptr; }));
    now += Channel::kHandshakeTime - milliseconds{1};
    loop->run_once(Nanos{0});
    EXPECT_EQ(at_server.ended, 0);
    now += milliseconds{1};
    ASSERT_TRUE(run_until([&] { return at_server.ended == 1; }));
    EXPECT_EQ(at_server.opened, 0);
}

TEST_F(ChannelTest, SilentPeerIsCut) {
    connect();
    ASSERT_TRUE(run_until([&] { return at_server.opened == 1 && at_client.opened == 1; }));
    for (int i = 0; i < 6; ++i) {
        now += seconds{5};
        client->send(frame_of({}));
        server->send(frame_of({}));
        const auto count = at_server.messages.size();
        ASSERT_TRUE(run_until([&] { return at_server.messages.size() > count && at_client.messages.size() > count; }));
    }
    EXPECT_EQ(at_server.ended, 0);
    now += Channel::kMostSilence;
    ASSERT_TRUE(run_until([&] { return at_server.ended == 1; }));
}

TEST_F(ChannelTest, RefusedMessageAndForeignFrameEndIt) {
    at_server.accept = false;
    connect();
    client->send(frame_of(std::vector<std::uint8_t>{1}));
    client->send(frame_of(std::vector<std::uint8_t>{2}));
    ASSERT_TRUE(run_until([&] { return at_server.ended == 1; }));
    EXPECT_EQ(at_server.messages.size(), 1U) << "nothing after the refused one is looked at";
    ASSERT_TRUE(run_until([&] { return at_client.ended == 1; }));
}

}  // namespace
}  // namespace izar
