#include "ctrl/controller/busiest_source.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

std::uint64_t source(const char* text) {
    return source_of(*IpAddress::parse(text));
}

TEST(Sources, AreAddressesOfIpv4AndNetworksOfIpv6) {
    EXPECT_NE(source("192.0.2.1"), source("192.0.2.2"));
    EXPECT_EQ(source("2001:db8:0:1::1"), source("2001:db8:0:1:ffff::"));
    EXPECT_NE(source("2001:db8:0:1::1"), source("2001:db8:0:2::1"));
}

TEST(Sources, TheBusiestHasMostConnections) {
    EXPECT_EQ(busiest_source({7}), 7U);
    EXPECT_EQ(busiest_source({3, 9, 3, 9, 9, 1}), 9U);
    EXPECT_EQ(busiest_source({5, 4}), 4U);
}

}  // namespace
}  // namespace izar
