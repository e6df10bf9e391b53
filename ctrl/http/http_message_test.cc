#include "ctrl/http/http_message.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

void add(HttpReader& reader, std::string_view text) {
    reader.add({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

TEST(HttpReader, ReadsRequestsByteByByteAndAllAtOnce) {
    const std::string text =
        "PUT /v1/services/a%20b?x=1&y=%2F&x=2&z HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer t\r\nContent-Length: "
        "4\r\n\r\n"
        "{} \nGET / HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n";
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, text.size()}) {
        HttpReader reader;
        std::vector<HttpRequest> requests;
        for (std::size_t at = 0; at < text.size(); at += step) {
            add(reader, std::string_view(text).substr(at, step));
            for (auto next = reader.next(); next && *next; next = reader.next()) {
                requests.push_back(**next);
            }
        }
        ASSERT_EQ(requests.size(), 2U) << step;
        EXPECT_EQ(requests[0].method, "PUT");
        EXPECT_EQ(requests[0].path, (std::vector<std::string>{"v1", "services", "a b"}));
        EXPECT_EQ(requests[0].query, (std::map<std::string, std::string>{{"x", "1"}, {"y", "/"}, {"z", ""}}));
        EXPECT_EQ(requests[0].authorization, "Bearer t");
        EXPECT_EQ(requests[0].body, "{} \n");
        EXPECT_TRUE(requests[0].keep_alive);
        EXPECT_TRUE(requests[1].path.empty());
        EXPECT_FALSE(requests[1].keep_alive);
    }
}

unsigned status_of(std::string_view text) {
    HttpReader reader;
    add(reader, text);
    const auto next = reader.next();
    return next ? (*next ? 200 : 0) : next.error().status;
}

TEST(HttpReader, RefusesWhatIsNoRequest) {
    EXPECT_EQ(status_of("\x16\x03\x01 hello"), 400U);
    EXPECT_EQ(status_of("GET nodes HTTP/1.1\r\n\r\n"), 400U);
    EXPECT_EQ(status_of("GET /%zz HTTP/1.1\r\n\r\n"), 400U);
    EXPECT_EQ(status_of("GET /%00 HTTP/1.1\r\n\r\n"), 400U);
    EXPECT_EQ(status_of("GET /?a=%1 HTTP/1.1\r\n\r\n"), 400U);
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n"), 413U);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x')), 431U);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: c\r\n"), 0U);
}

TEST(HttpReader, KeepsABoundedPartOfWhatIsNotWhole) {
    HttpReader reader;
    for (int i = 0; i < 100'000; ++i) {
        add(reader, "GET");
        (void)reader.next();
        ASSERT_LE(reader.waiting(), kMostHeaderBytes + 3);
    }
}

TEST(HttpText, IsAnAnswerThatAClientReads) {
    EXPECT_EQ(http_text({.status = 200, .body = "{}"}, true),
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nCache-Control: no-store\r\n"
              "Connection: keep-alive\r\n\r\n{}");
    const std::string moved = http_text({.status = 302, .location = "http://10.0.0.1/"}, false);
    EXPECT_TRUE(moved.starts_with("HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n"));
    EXPECT_NE(http_text({.status = 401}, true).find("WWW-Authenticate: Bearer\r\n"), std::string::npos);
}

}  // namespace
}  // namespace izar
