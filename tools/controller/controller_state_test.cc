#include "tools/controller/controller_state.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

const WallSeconds kNow{std::chrono::seconds{1'790'000'000}};

class ControllerStateTest : public testing::Test {
  protected:
    Result<ControllerState> open() {
        return open_controller_state(folder.path(), kNow, [this](std::span<std::uint8_t> bytes) {
            std::fill(bytes.begin(), bytes.end(), ++random);
        });
    }
    TemporaryFolder folder;
    std::uint8_t random = 0;
};

TEST_F(ControllerStateTest, IsMadeOnceAndKept) {
    const auto first = open();
    ASSERT_TRUE(first) << first.error().text;
    const auto second = open();
    ASSERT_TRUE(second) << second.error().text;
    EXPECT_EQ(first->authority.certificate(), second->authority.certificate());
    EXPECT_EQ(first->master, second->master);
    EXPECT_EQ(first->api_token, second->api_token);
    EXPECT_EQ(first->api_token.size(), 64U);
    EXPECT_EQ(random, 2);
}

TEST_F(ControllerStateTest, InterruptedFirstStartGoesOn) {
    const auto first = open();
    ASSERT_TRUE(first);
    std::filesystem::rename(folder / "authority.crt", folder / "authority.crt.waiting");
    const auto second = open();
    ASSERT_TRUE(second) << second.error().text;
    EXPECT_EQ(first->authority.certificate(), second->authority.certificate());
    std::filesystem::rename(folder / "authority.crt", folder / "authority.crt.waiting");
    std::filesystem::remove(folder / "authority.key");
    EXPECT_TRUE(open()) << "interrupted before the key: begins anew";
}

TEST_F(ControllerStateTest, AKeyWithoutItsCertificateIsKept) {
    ASSERT_TRUE(open());
    std::filesystem::remove(folder / "authority.crt");
    const auto again = open();
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().text.find("authority.crt is missing"), std::string::npos) << again.error().text;
    EXPECT_TRUE(std::filesystem::exists(folder / "authority.key"));
}

TEST_F(ControllerStateTest, DamagedFilesAreNeverReplaced) {
    ASSERT_TRUE(open());
    std::ofstream(folder / "link-master.key") << "short";
    EXPECT_FALSE(open());
    std::filesystem::remove(folder / "link-master.key");
    std::ofstream(folder / "api.token") << "short";
    EXPECT_FALSE(open());
    std::ofstream(folder / "api.token") << "an operator's own token\n";
    EXPECT_FALSE(open()) << "with blanks";
    std::ofstream(folder / "api.token") << "an-operators-own-token\n";
    ASSERT_TRUE(open());
    EXPECT_EQ(open()->api_token, "an-operators-own-token");
    std::ofstream(folder / "authority.crt") << "damaged";
    EXPECT_FALSE(open());
}

}  // namespace
}  // namespace izar
