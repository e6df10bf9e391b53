// Shares of regions' clients: over both databases.
#include "ctrl/store/testing/store_suite.h"

namespace izar {
namespace {

TYPED_TEST_SUITE(StoreSuite, Backings);

using Records = std::vector<SharesRecord>;

Records two_regions() {
    return {{"eu", 7, {{NodeId{1}, 700}, {NodeId{2}, 300}, {NodeId{65'535}, 0}}}, {"us", 9, {{NodeId{3}, 1'000}}}};
}

TYPED_TEST(StoreSuite, SharesAreWhatWasWrittenLast) {
    EXPECT_EQ(granted(this->store().shares()), Records{});
    granted(this->store().write_shares(two_regions()));
    this->reopen();
    EXPECT_EQ(granted(this->store().shares()), two_regions());
    Records moved = two_regions();
    moved[0].epoch = 1'008;
    moved[0].weights = {{NodeId{1}, 650}, {NodeId{2}, 350}};
    granted(this->store().write_shares(moved));
    EXPECT_EQ(granted(this->store().shares()), moved);
    moved.erase(moved.begin());
    granted(this->store().write_shares(moved));
    EXPECT_EQ(granted(this->store().shares()), moved) << "the other region has none any more";
    granted(this->store().write_shares({}));
    EXPECT_EQ(granted(this->store().shares()), Records{});
}

TYPED_TEST(StoreSuite, SharesAreNoStaticData) {
    this->joined(1);
    const auto version = granted(this->store().static_version());
    granted(this->store().write_shares(two_regions()));
    EXPECT_EQ(granted(this->store().static_version()), version);
}

TYPED_TEST(StoreSuite, SharesAreTheLeadersToWrite) {
    granted(this->store().claim(Fence{5}));
    granted(this->store().write_shares(two_regions()));
    this->backing().run_outside("UPDATE izar_state SET value = 6 WHERE name = 'fence'");
    EXPECT_EQ(fault_of(this->store().write_shares({})), StoreFault::fenced);
    EXPECT_EQ(granted(this->store().shares()), two_regions());
}

TYPED_TEST(StoreSuite, SharesThatNobodyCanReadAreLeftOut) {
    for (const char* const weights : {"1", "1=", "=5", "1=5 ", "1=5  2=5", "1=5 1=6", "1=1001", "65536=5", "-1=5",
                                      "1=5;2=5", "one=5", "1=99999999999"}) {
        granted(this->store().write_shares(two_regions()));
        this->backing().run_outside(std::string("UPDATE izar_shares SET weights = '") + weights +
                                    "' WHERE region = 'eu'");
        EXPECT_EQ(granted(this->store().shares()), Records{two_regions()[1]}) << weights;
    }
    granted(this->store().write_shares(two_regions()));
    EXPECT_EQ(granted(this->store().shares()), two_regions()) << "they are written anew";
}

}  // namespace
}  // namespace izar
