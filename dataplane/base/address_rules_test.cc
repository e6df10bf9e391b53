#include "dataplane/base/address_rules.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

TEST(AddressRules, OneHostsAddress) {
    for (const char* const good : {"192.0.2.1", "10.0.0.0", "223.255.255.255", "2001:db8::1", "fe80::1"}) {
        EXPECT_TRUE(is_host_address(IpAddress::parse(good).value())) << good;
    }
    for (const char* const wrong :
         {"0.0.0.0", "0.1.2.3", "127.8.8.8", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"}) {
        EXPECT_FALSE(is_host_address(IpAddress::parse(wrong).value())) << wrong;
    }
    EXPECT_NE(no_host_address(IpAddress::parse("127.0.0.1").value()).find("'127.0.0.1'"), std::string::npos);
}

}  // namespace
}  // namespace izar
