// Against the HTTPS server of the controller, which has a thread and a loop of its own here.
#include "ctrl/http/api_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "ctrl/http/http_server.h"
#include "dataplane/base/testing/real_time.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

WallSeconds today() {
    return std::chrono::floor<seconds>(std::chrono::system_clock::now());  // libcurl asks the real clock
}

class ApiClientTest : public testing::Test {
  protected:
    void SetUp() override {
        std::ofstream(folder / "authority.crt") << authority.certificate();
        auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
        ASSERT_TRUE(listener) << listener.error().text;
        api = {local_address(listener->get()).text(), "secret", folder / "authority.crt"};
        thread = std::thread([this, socket = std::move(*listener)]() mutable {
            const auto loop = std::move(*EventLoop::make(real_now));
            const HttpServer server(*loop, tls, today, std::move(socket),
                                    [this](const HttpRequest& request) { return answer(request); });
            while (!ended) {
                loop->run_once(milliseconds{5});
            }
        });
    }
    void TearDown() override {
        ended = true;
        if (thread.joinable()) {
            thread.join();
        }
    }
    HttpAnswer answer(const HttpRequest& request) {
        if (request.authorization != "Bearer secret") {
            return {.status = 401, .body = R"({"error":"give the token of api.token"})"};
        }
        while (request.body == "slow" && !slow_ends) {
            std::this_thread::yield();
        }
        if (request.body == "long") {
            return {.body = std::string(std::size_t{3} << 20, 'x')};
        }
        return {.status = request.body == "odd" ? 500U : 200U, .body = request.method + " " + request.body};
    }

    TemporaryFolder folder;
    CertificateAuthority authority = *CertificateAuthority::make(today());
    TlsContext tls = *TlsContext::for_controller(*authority.make_controller(today()), authority.certificate());
    ApiAddress api;
    std::atomic<bool> ended = false;
    std::atomic<bool> slow_ends = false;
    std::thread thread;
};

TEST_F(ApiClientTest, PostsARequestAndGivesTheBody) {
    const auto got = ask_api(api, R"({"do":"nodes"})", seconds{20});
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ(*got, R"(POST {"do":"nodes"})");
    const auto many = ask_api(api, "long", seconds{20});
    ASSERT_TRUE(many) << many.error().text;
    EXPECT_EQ(many->size(), std::size_t{3} << 20);
}

TEST_F(ApiClientTest, ARefusalIsTheServersReason) {
    ApiAddress stranger = api;
    stranger.token = "guess";
    const auto refused = ask_api(stranger, "{}", seconds{20});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text, "give the token of api.token");
    const auto odd = ask_api(api, "odd", seconds{20});
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().text, "POST odd") << "what is no JSON is shown as it is";
}

TEST_F(ApiClientTest, OfARequestThatWasSentAndNotAnsweredNobodyKnows) {
    const std::string unsure = "may or may not have happened";
    const auto unanswered = ask_api(api, "slow", seconds{3});
    ASSERT_FALSE(unanswered);
    EXPECT_NE(unanswered.error().text.find(unsure), std::string::npos) << unanswered.error().text;
    slow_ends = true;
    ApiAddress nobody = api;
    nobody.host = "127.0.0.1:1";
    const auto unsent = ask_api(nobody, "{}", seconds{20});
    ASSERT_FALSE(unsent);
    EXPECT_EQ(unsent.error().text.find(unsure), std::string::npos) << unsent.error().text;
}

TEST_F(ApiClientTest, AnotherAuthoritysControllerIsNotAsked) {
    std::ofstream(folder / "other.crt") << CertificateAuthority::make(today())->certificate();
    ApiAddress wrong = api;
    wrong.authority = folder / "other.crt";
    const auto refused = ask_api(wrong, "{}", seconds{20});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find(api.host), std::string::npos) << refused.error().text;
}

TEST_F(ApiClientTest, WhoNeverAnswersCostsThePatience) {
    const auto silent = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
    ASSERT_TRUE(silent);
    ApiAddress nobody = api;
    nobody.host = local_address(silent->get()).text();
    const Instant begun = real_now();
    EXPECT_FALSE(ask_api(nobody, "{}", milliseconds{200}));
    EXPECT_GE(real_now() - begun, milliseconds{200});
    EXPECT_LT(real_now() - begun, seconds{20});
}

}  // namespace
}  // namespace izar
