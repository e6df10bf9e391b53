// As store_crash_test.cc, over many more seeds.
#include "ctrl/store/testing/crash_runs.h"

namespace izar {
namespace {

TEST(StoreCrash, SqliteLosesNothingOverManySeeds) {
    for (std::uint64_t seed = 100; seed < 140; ++seed) {
        crash_everywhere<SqliteTestStore>(seed, 90);
        ASSERT_FALSE(::testing::Test::HasFailure());
    }
}

TEST(StoreCrash, MariadbLosesNothingOverSeveralSeeds) {
    if (!shared_server().server) {
        GTEST_SKIP() << shared_server().why_not;
    }
    for (std::uint64_t seed = 100; seed < 106; ++seed) {
        crash_everywhere<MariadbTestStore>(seed, 60);
        ASSERT_FALSE(::testing::Test::HasFailure());
    }
}

}  // namespace
}  // namespace izar
