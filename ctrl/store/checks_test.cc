#include "ctrl/store/checks.h"

#include <gtest/gtest.h>

#include <cstring>

#include "dataplane/base/limits.h"

namespace izar {
namespace {

Service web() {
    Service service;
    std::strcpy(service.name, "web");
    service.vip = IpAddress::parse("203.0.113.1").value();
    service.first_port = 80;
    service.last_port = 80;
    service.origins = {{.address = IpAddress::parse("10.0.0.1").value(), .port = 8080}};
    return service;
}

TEST(CheckName, TakesWhatFitsATableOfTheDataPlane) {
    EXPECT_TRUE(check_name("node", "tyo-1"));
    EXPECT_TRUE(check_name("node", std::string(kNameLength - 1, 'a')));
    for (const std::string& wrong : {std::string(), std::string(kNameLength, 'a'), std::string("-a"),
                                     std::string("a b"), std::string("a/b"), std::string("\xC3\xA9")}) {
        EXPECT_FALSE(check_name("node", wrong)) << wrong;
    }
}

TEST(CheckedDomain, IsLowerCaseWithoutFinalDot) {
    EXPECT_EQ(checked_domain("WWW.Example.COM.").value(), "www.example.com");
    EXPECT_EQ(checked_domain("_sip._udp.example.com").value(), "_sip._udp.example.com");
    const std::string label(63, 'a');
    EXPECT_TRUE(checked_domain(label + "." + label + "." + label + "." + std::string(61, 'b')));
    EXPECT_FALSE(checked_domain(label + "." + label + "." + label + "." + std::string(62, 'b')));
    EXPECT_FALSE(checked_domain(label + "a.example"));
    for (const char* wrong : {"", ".", "a..b", ".a", "-a.example", "a-.example", "a b", "a\n", "a.example.."}) {
        EXPECT_FALSE(checked_domain(wrong)) << wrong;
    }
}

// The sequences of Markus Kuhn's decoder stress test, sections 3 to 5.
TEST(CheckText, TakesUtf8Only) {
    EXPECT_TRUE(check_text("text", "Zürich, 東京, \xF0\x9F\x9A\x80\n\t", 64));
    for (const char* wrong : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF",
                              "a\x01", "\x7F", "\xE2\x82"}) {
        EXPECT_FALSE(check_text("text", wrong, 64)) << wrong;
    }
    EXPECT_FALSE(check_text("text", std::string("a\0b", 3), 64));
    EXPECT_FALSE(check_text("text", "12345", 4));
}

TEST(CheckService, SaysWhatTheRulesSayAndWhere) {
    EXPECT_TRUE(check_service(web()));
    Service service = web();
    service.name[0] = '\0';
    EXPECT_FALSE(check_service(service));
    service = web();
    service.vip = IpAddress::parse("127.0.0.1").value();
    EXPECT_EQ(
        check_service(service).error().text,
        "service web: vip: '127.0.0.1' is not the address of one host; loopback, multicast and the like cannot be "
        "used here");
}

}  // namespace
}  // namespace izar
