// kill -9 at every named fail point: nothing acknowledged is lost, nothing is resurrected, and the store works on.
#include "ctrl/store/testing/crash_runs.h"

namespace izar {
namespace {

constexpr std::size_t kOperations = 50;
constexpr std::size_t kLeastFailPoints = 60;

TEST(StoreCrash, SqliteLosesNothingThatWasAcknowledged) {
    std::set<std::string> names;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        names.merge(crash_everywhere<SqliteTestStore>(seed, kOperations));
        ASSERT_FALSE(::testing::Test::HasFailure());
    }
    EXPECT_GE(names.size(), kLeastFailPoints);
    RecordProperty("fail_points", static_cast<int>(names.size()));
}

TEST(StoreCrash, MariadbLosesNothingThatWasAcknowledged) {
    if (!shared_server().server) {
        GTEST_SKIP() << shared_server().why_not;
    }
    EXPECT_GE(crash_everywhere<MariadbTestStore>(1, kOperations).size(), kLeastFailPoints);
}

}  // namespace
}  // namespace izar
