// Over a real socket of the machine.
#include "ctrl/metrics/metrics_server.h"

#include <gtest/gtest.h>

#include "dataplane/base/testing/real_time.h"

namespace izar {
namespace {

struct TestClient : StreamEvents {
    void on_connected() override {
        loop->send(stream, {reinterpret_cast<const std::uint8_t*>(request.data()), request.size()});
    }
    void on_received(std::span<const std::uint8_t> bytes) override { text.append(bytes.begin(), bytes.end()); }
    void on_closed(const std::string&) override { closed = true; }
    EventLoop* loop = nullptr;
    StreamId stream = kNoStream;
    std::string request;
    std::string text;
    bool closed = false;
};

class MetricsServerTest : public testing::Test {
  protected:
    void SetUp() override {
        loop = std::move(*EventLoop::make([this] { return real_now() + skipped; }));
        auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
        ASSERT_TRUE(listener);
        address = local_address(listener->get());
        server.emplace(*loop, std::move(*listener), [] { return std::string("izar_up 1\n"); });
    }
    void TearDown() override { server.reset(); }
    void say(TestClient& client, const std::string& request) {
        client.loop = loop.get();
        client.request = request;
        client.stream = *loop->connect(address, client);
    }
    bool run_until(const std::function<bool()>& done) {
        for (const Instant end = real_now() + std::chrono::seconds{10}; !done() && real_now() < end;) {
            loop->run_once(std::chrono::milliseconds{10});
        }
        return done();
    }
    std::string ask(const std::string& request) {
        TestClient client;
        say(client, request);
        EXPECT_TRUE(run_until([&] { return client.closed; })) << "a connection is for one answer";
        return client.text;
    }

    Nanos skipped{};
    std::unique_ptr<EventLoop> loop;
    std::optional<MetricsServer> server;
    SocketAddress address;
};

TEST_F(MetricsServerTest, TellsTheTextAtItsPathAndNothingElse) {
    const std::string answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nizar_up 1\n")) << answer;
    EXPECT_TRUE(ask("GET /v1/nodes HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(ask("POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 405 "));
    EXPECT_TRUE(ask("\x16\x03\x01 hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST_F(MetricsServerTest, WhoSaysNothingMakesRoomAndIsCut) {
    std::vector<TestClient> silent(MetricsServer::kMostClients);
    for (TestClient& client : silent) {
        say(client, "GET /met");
    }
    for (int i = 0; i < 20; ++i) {
        loop->run_once(std::chrono::milliseconds{5});
    }
    EXPECT_TRUE(ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(run_until([&] { return silent.front().closed; })) << "the oldest made room";
    EXPECT_FALSE(silent.back().closed);
    skipped += MetricsServer::kTime;
    EXPECT_TRUE(run_until([&] { return silent.back().closed; }));
}

TEST_F(MetricsServerTest, APlaceThatIsTakenIsSaidAndStopsNothing) {
    std::string log;
    const auto say_so = [&](const std::string& line) { log += line; };
    EXPECT_EQ(serve_metrics(
                  *loop, "none", [] { return std::string(); }, say_so),
              nullptr);
    EXPECT_EQ(log, "");
    EXPECT_EQ(serve_metrics(
                  *loop, address.text(), [] { return std::string(); }, say_so),
              nullptr);
    EXPECT_NE(log.find(address.text()), std::string::npos) << log;
    EXPECT_NE(serve_metrics(
                  *loop, "127.0.0.1:0", [] { return std::string(); }, say_so),
              nullptr);
}

}  // namespace
}  // namespace izar
