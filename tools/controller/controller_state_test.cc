#include "tools/controller/controller_state.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace izar {
namespace {

const WallSeconds kNow{std::chrono::seconds{1'790'000'000}};

class ControllerStateTest : public testing::Test {
  protected:
    void SetUp() override {
        char pattern[] = "/tmp/izar-state-XXXXXX";
        folder = mkdtemp(pattern);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    Result<ControllerState> open() {
        return open_controller_state(
            folder, kNow, [this](std::span<std::uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), ++random); });
    }
    std::string folder;
    std::uint8_t random = 0;
};

TEST_F(ControllerStateTest, IsMadeOnceAndKept) {
    const auto first = open();
    ASSERT_TRUE(first) << first.error().text;
    const auto second = open();
    ASSERT_TRUE(second) << second.error().text;
    EXPECT_EQ(first->authority.certificate(), second->authority.certificate());
    EXPECT_EQ(first->master, second->master);
    EXPECT_EQ(random, 1);
}

TEST_F(ControllerStateTest, InterruptedFirstStartBeginsAnew) {
    ASSERT_TRUE(open());
    std::filesystem::remove(folder + "/authority.crt");
    EXPECT_TRUE(open());
}

TEST_F(ControllerStateTest, DamagedFilesAreNeverReplaced) {
    ASSERT_TRUE(open());
    std::ofstream(folder + "/link-master.key") << "short";
    EXPECT_FALSE(open());
    std::filesystem::remove(folder + "/link-master.key");
    std::ofstream(folder + "/authority.crt") << "damaged";
    EXPECT_FALSE(open());
}

}  // namespace
}  // namespace izar
