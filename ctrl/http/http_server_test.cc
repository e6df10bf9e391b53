// Over TLS on loopback, both ends in one loop.
#include "ctrl/http/http_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "dataplane/base/testing/real_time.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const WallSeconds kToday{seconds{1'790'000'000}};

struct TestClient : StreamEvents {
    TestClient(EventLoop& at, const TlsContext& context) : loop(at), tls(context, kToday) {}
    ~TestClient() override { loop.close(stream); }
    void on_connected() override {
        ASSERT_TRUE(tls.begin());
        flush();
    }
    void on_received(std::span<const std::uint8_t> bytes) override {
        std::vector<std::uint8_t> plain;
        (void)tls.receive(bytes, plain);
        text.append(plain.begin(), plain.end());
        if (tls.established() && !request.empty()) {
            say(std::exchange(request, {}));
        }
        flush();
    }
    void on_closed(const std::string&) override { closed = true; }
    void say(const std::string& more) {
        ASSERT_TRUE(tls.send({reinterpret_cast<const std::uint8_t*>(more.data()), more.size()}));
        flush();
    }
    void flush() {
        const auto out = tls.take_output();
        loop.send(stream, out);
    }

    EventLoop& loop;
    TlsSession tls;
    StreamId stream = kNoStream;
    std::string request;
    std::string text;
    bool closed = false;
};

struct SilentClient : StreamEvents {
    void on_received(std::span<const std::uint8_t>) override {}
    void on_closed(const std::string&) override {}
};

class HttpServerTest : public testing::Test {
  protected:
    void SetUp() override {
        loop = std::move(*EventLoop::make([this] { return real_now() + skipped; }));
        auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
        ASSERT_TRUE(listener);
        address = local_address(listener->get());
        server = std::make_unique<HttpServer>(
            *loop, tls, [] { return kToday; }, std::move(*listener),
            [this](const HttpRequest& request) {
                ++answered;
                const std::string path = request.path.empty() ? "" : request.path[0];
                return HttpAnswer{.status = path == "away" ? 503U : 200U,
                                  .body = request.method + " " + path + padding,
                                  .authorised = path == "operator"};
            },
            [this](StreamId) { return taker; });
    }
    std::unique_ptr<TestClient> client(const std::string& request) {
        auto out = std::make_unique<TestClient>(*loop, trusting);
        out->request = request;
        out->stream = *loop->connect(address, *out);
        return out;
    }
    template <typename Condition>
    bool run_until(Condition condition) {
        const Instant deadline = real_now() + seconds{20};
        while (!condition() && real_now() < deadline) {
            loop->run_once(milliseconds{5});
        }
        return condition();
    }

    CertificateAuthority authority = *CertificateAuthority::make(kToday);
    TlsContext tls = *TlsContext::for_controller(*authority.make_controller(kToday), authority.certificate());
    TlsContext trusting = *TlsContext::for_joining(*certificate_fingerprint(authority.certificate()));
    Nanos skipped{};
    std::unique_ptr<EventLoop> loop;
    std::unique_ptr<HttpServer> server;
    SocketAddress address;
    StreamEvents* taker = nullptr;  // who takes connections in the server's place
    std::size_t answered = 0;
    std::string padding;  // ends every answer
};

TEST_F(HttpServerTest, AnswersInOrderUntilTheClientEndsIt) {
    const auto one = client("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return one->text.ends_with("GET b"); })) << one->text;
    EXPECT_NE(one->text.find("GET a"), std::string::npos);
    EXPECT_FALSE(one->closed);
    const auto two = client("GET /c HTTP/1.1\r\nConnection: close\r\n\r\nGET /d HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return two->closed; }));
    EXPECT_TRUE(two->text.ends_with("GET c")) << two->text;
}

TEST_F(HttpServerTest, WhatIsDivertedIsAnothersAndWhatIsUnavailableEnds) {
    const auto one = client("GET /away HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return one->closed; }));
    EXPECT_TRUE(one->text.starts_with("HTTP/1.1 503 ")) << one->text;
    struct Taker : StreamEvents {
        void on_received(std::span<const std::uint8_t> bytes) override { taken += bytes.size(); }
        void on_closed(const std::string&) override {}
        std::size_t taken = 0;
    } other;
    taker = &other;
    const auto two = client("GET /a HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return other.taken > 0; }));
    EXPECT_EQ(server->clients(), 0U);
}

// Whoever sends many requests at once gets all answers, and others are served between them.
TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredAFewATurn) {
    constexpr std::size_t kRequests = 600;
    padding = std::string(std::size_t{75} << 10, 'x');
    std::string requests;
    for (std::size_t i = 0; i < kRequests; ++i) {
        requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n";
    }
    const auto one = client(requests);
    std::size_t most = 0;
    ASSERT_TRUE(run_until([&, before = std::size_t{0}]() mutable {
        most = std::max(most, answered - before);
        before = answered;
        return one->text.size() > kRequests * padding.size() && one->text.ends_with(padding);
    })) << answered;
    EXPECT_EQ(answered, kRequests);
    EXPECT_NE(one->text.find("GET 599"), std::string::npos);
    EXPECT_LE(most, 4 * HttpServer::kAnswersATurn) << "in one turn of the loop, in which some answers may be sent";
}

TEST_F(HttpServerTest, WhoSendsRequestsWithoutEndIsCut) {
    padding = std::string(HttpServer::kUnsentPause, 'x');
    std::string requests;
    while (requests.size() <= 2 * HttpServer::kMostPipelined) {
        requests += "GET /a HTTP/1.1\r\n\r\n";
    }
    const auto one = client(requests);
    ASSERT_TRUE(run_until([&] { return one->closed; }));
    EXPECT_LT(answered, requests.size() / 20 / 2) << "of those that were sent";
}

TEST_F(HttpServerTest, RefusesAndEnds) {
    const auto one = client("nonsense\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return one->closed; }));
    EXPECT_TRUE(one->text.starts_with("HTTP/1.1 400 ")) << one->text;
    EXPECT_EQ(server->clients(), 0U);
}

TEST_F(HttpServerTest, WhoOnlyConnectsKeepsNobodyOut) {
    SilentClient silent;
    std::vector<StreamId> streams;
    for (std::size_t i = 0; i < HttpServer::kMostClients; ++i) {
        streams.push_back(*loop->connect(address, silent));
    }
    ASSERT_TRUE(run_until([&] { return server->clients() == HttpServer::kMostClients; }));
    const auto one = client("GET /a HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return one->text.ends_with("GET a"); })) << one->text;
    EXPECT_LE(server->clients(), HttpServer::kMostClients);
    for (const StreamId stream : streams) {
        loop->close(stream);
    }
}

// All places are taken by clients that finished their handshakes and were answered.
TEST_F(HttpServerTest, StrangersMakeRoomAndOperatorsKeepTheirPlaces) {
    const std::string ask = "GET /a HTTP/1.1\r\n\r\n";
    const auto owner = client("GET /operator HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return owner->text.ends_with("GET operator"); })) << owner->text;
    std::vector<std::unique_ptr<TestClient>> strangers;
    while (strangers.size() + 1 < HttpServer::kMostClients) {
        strangers.push_back(client(ask));
        ASSERT_TRUE(run_until([&] { return strangers.back()->text.ends_with("GET a"); }));
    }
    ASSERT_EQ(server->clients(), HttpServer::kMostClients);
    strangers[0]->text.clear();
    strangers[0]->say(ask);
    ASSERT_TRUE(run_until([&] { return strangers[0]->text.ends_with("GET a"); }));
    const auto late = client(ask);
    ASSERT_TRUE(run_until([&] { return late->text.ends_with("GET a"); })) << late->text;
    EXPECT_TRUE(run_until([&] { return strangers[1]->closed; })) << "the longest idle one";
    EXPECT_FALSE(strangers[0]->closed);
    EXPECT_FALSE(owner->closed);
    EXPECT_EQ(server->clients(), HttpServer::kMostClients);
}

TEST_F(HttpServerTest, ARequestHasATimeLimitFromItsFirstByte) {
    const auto whole = client("GET /a HTTP/1.1\r\n\r\n");
    const auto slow = client("GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 9999\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return whole->text.ends_with("GET a") && slow->text.ends_with("GET a"); }));
    Nanos passed{};
    while (!slow->closed && passed < HttpServer::kMostSilence / 2) {
        slow->say("x");
        skipped += seconds{1};
        passed += seconds{1};
        (void)run_until([&, turns = 0]() mutable { return slow->closed || ++turns > 3; });
    }
    EXPECT_TRUE(slow->closed) << "though it never was silent";
    EXPECT_LE(passed, HttpServer::kRequestTime + seconds{2});
    EXPECT_FALSE(whole->closed) << "between two requests a client may be silent for longer";
    whole->say("GET /c HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return whole->text.ends_with("GET c"); }));
    skipped += HttpServer::kMostSilence;
    EXPECT_TRUE(run_until([&] { return whole->closed; })) << "but not for ever";
}

}  // namespace
}  // namespace izar
