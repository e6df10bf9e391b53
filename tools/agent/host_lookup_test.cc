#include "tools/agent/host_lookup.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace izar {
namespace {

TEST(HostLookup, AddressesStandAsTheyAreAndNamesAreLookedUp) {
    EXPECT_EQ(look_up("192.0.2.1:7443")->front().text(), "192.0.2.1:7443");
    EXPECT_EQ(look_up("[2001:db8::1]:7443")->front().text(), "[2001:db8::1]:7443");
    const auto local = look_up("localhost:7443");  // of /etc/hosts
    ASSERT_TRUE(local) << local.error().text;
    EXPECT_TRUE(std::any_of(local->begin(), local->end(), [](const SocketAddress& each) {
        return each.text() == "127.0.0.1:7443" || each.text() == "[::1]:7443";
    }));
}

TEST(HostLookup, WhatIsNeitherIsRefusedWithWhatToWrite) {
    EXPECT_NE(look_up("localhost").error().text.find("ADDRESS:PORT"), std::string::npos);
    EXPECT_FALSE(look_up("192.0.2.999999"));
    EXPECT_FALSE(look_up(":7443"));
    const auto unknown = look_up("no-such-host.invalid:7443");  // RFC 6761 section 6.4
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().text.find("no-such-host.invalid"), std::string::npos) << unknown.error().text;
    EXPECT_FALSE(names_a_host("192.0.2.1:7443"));
    EXPECT_TRUE(names_a_host("a.example:1"));
    EXPECT_FALSE(names_a_host("a.example:0"));
}

}  // namespace
}  // namespace izar
