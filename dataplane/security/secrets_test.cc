#include "dataplane/security/secrets.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "dataplane/security/primitives.h"
#include "dataplane/security/testing/hex.h"

namespace izar {
namespace {

constexpr NodeId kOne{1};
constexpr NodeId kTwo{2};
constexpr NodeId kThree{0x0203};
const std::string kHexA(64, 'a');
const std::string kHexB(64, 'b');
const std::string kHexC(64, 'c');
const std::string kBase64A = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=";  // 32 bytes 0xAA

LinkSecrets parsed(const std::string& text) {
    auto out = LinkSecrets::parse(text, "secrets");
    EXPECT_TRUE(out) << out.error().text;
    return *out;
}

std::string error_of(const std::string& text) {
    const auto out = LinkSecrets::parse(text, "secrets");
    return out ? "no error" : out.error().text;
}

TEST(LinkSecrets, ReadsHexAndBase64) {
    const AcceptedSecrets hex = parsed("link 1 2 " + kHexA).of(kOne, kTwo);
    const AcceptedSecrets base64 = parsed("# ours\n\n  link\t2 1 " + kBase64A + "  # both\r\n").of(kTwo, kOne);
    ASSERT_EQ(hex.count, 1u);
    EXPECT_EQ(to_vector(hex.secret[0].view()), from_hex(kHexA));
    EXPECT_EQ(hex, base64);
}

TEST(LinkSecrets, TheFleetsSecretGivesEachLinkItsOwn) {
    const LinkSecrets secrets = parsed("fleet " + kHexA);
    const AcceptedSecrets one_two = secrets.of(kOne, kTwo);
    const AcceptedSecrets one_three = secrets.of(kOne, kThree);
    ASSERT_EQ(one_two.count, 1u);
    EXPECT_EQ(one_two, secrets.of(kTwo, kOne));
    EXPECT_FALSE(one_two == one_three);
    EXPECT_FALSE(one_two.contains(secret_from_hex<32>(kHexA)));
    // As written down: HKDF without salt, info = label, lower id, higher id.
    const std::string_view label = "izar link secret of two nodes";
    std::vector<std::uint8_t> info(label.begin(), label.end());
    info.insert(info.end(), {0, 1, 2, 3});
    std::vector<std::uint8_t> expected(32);
    hkdf_expand(hkdf_extract({}, from_hex(kHexA)), info, expected);
    EXPECT_EQ(to_vector(one_three.secret[0].view()), expected);
}

TEST(LinkSecrets, ALinksOwnSecretStandsInPlaceOfTheFleets) {
    const LinkSecrets secrets = parsed("fleet " + kHexA + "\nlink 2 1 " + kHexB);
    EXPECT_TRUE(secrets.of(kOne, kTwo).contains(secret_from_hex<32>(kHexB)));
    EXPECT_EQ(secrets.of(kOne, kTwo).count, 1u);
    EXPECT_EQ(secrets.of(kOne, kThree).count, 1u);
}

TEST(LinkSecrets, TheSecondEntryIsAcceptedToo) {
    const AcceptedSecrets both = parsed("fleet " + kHexA + "\nfleet " + kHexB).of(kOne, kTwo);
    ASSERT_EQ(both.count, 2u);
    EXPECT_EQ(both.secret[0], parsed("fleet " + kHexA).of(kOne, kTwo).secret[0]);
    EXPECT_EQ(both.secret[1], parsed("fleet " + kHexB).of(kOne, kTwo).secret[0]);
}

TEST(LinkSecrets, NoEntryIsNoSecret) {
    EXPECT_EQ(parsed("link 1 2 " + kHexA).of(kOne, kThree).count, 0u);
}

TEST(LinkSecrets, ErrorsNameTheLineAndNeverTheSecret) {
    EXPECT_EQ(error_of("\nflet " + kHexA), "secrets:2: a line starts with 'fleet' or 'link'");
    EXPECT_EQ(error_of("link 1 1 " + kHexA),
              "secrets:1: a link is two different node ids from 1 to 65535: link ID ID SECRET");
    EXPECT_EQ(error_of("link 1 65536 " + kHexA),
              "secrets:1: a link is two different node ids from 1 to 65535: link ID ID SECRET");
    EXPECT_EQ(error_of("fleet " + kHexA + " more"), "secrets:1: nothing may follow the secret but a comment");
    EXPECT_EQ(error_of("fleet " + kHexA + "\nfleet " + kHexB + "\nfleet " + kHexC),
              "secrets:3: an entry stands at most twice: the secret to begin with, and another one to accept");
    for (const std::string& bad : {kHexA.substr(2), kHexA + "aa", fmt::format("g{}", kHexA.substr(1)),
                                   kBase64A.substr(1), kBase64A.substr(0, 42) + "==", kBase64A.substr(0, 43) + "q",
                                   fmt::format("!{}", kBase64A.substr(1)), std::string{}}) {
        EXPECT_EQ(error_of("fleet " + bad),
                  "secrets:1: a secret is 32 bytes as base64 (44 characters) or as 64 hex digits");
    }
    EXPECT_NE(error_of("# nothing\n").find("secrets has no secret; make one with"), std::string::npos);
}

class SecretsFile : public testing::Test {
  protected:
    SecretsFile() {
        std::string name = (std::filesystem::temp_directory_path() / "izar_secrets_XXXXXX").string();
        const int descriptor = ::mkstemp(name.data());
        CHECK(descriptor >= 0);
        ::close(descriptor);
        path = name;
        std::ofstream{path} << "fleet " << kHexA << '\n';
    }
    ~SecretsFile() override { std::filesystem::remove(path); }

    std::string error() const {
        const auto out = LinkSecrets::load(path);
        return out ? "no error" : out.error().text;
    }
    std::string path;
};

TEST_F(SecretsFile, IsReadIfOnlyItsOwnerCan) {
    for (const mode_t mode : {0600u, 0400u}) {
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
        const auto out = LinkSecrets::load(path);
        ASSERT_TRUE(out) << out.error().text;
        EXPECT_EQ(out->of(kOne, kTwo), parsed("fleet " + kHexA).of(kOne, kTwo));
    }
}

TEST_F(SecretsFile, IsRefusedIfOthersCanUseIt) {
    for (const mode_t bit : {0040u, 0020u, 0010u, 0004u, 0002u, 0001u}) {
        ASSERT_EQ(::chmod(path.c_str(), 0600 | bit), 0);
        EXPECT_EQ(error(), fmt::format("{} has mode {:04o}: others than its owner can use it; run: chmod 600 {}", path,
                                       0600 | bit, path));
    }
}

TEST_F(SecretsFile, IsRefusedIfItIsSomebodyElses) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can give a file away";
    }
    ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
    EXPECT_NE(error().find("belongs to user 65534"), std::string::npos) << error();
}

TEST_F(SecretsFile, IsRefusedIfItIsNoFileOrNotThere) {
    path += "_not_there";
    EXPECT_NE(error().find("No such file or directory"), std::string::npos) << error();
    ASSERT_TRUE(std::filesystem::create_directory(path));
    EXPECT_NE(error().find("is no regular file"), std::string::npos) << error();
    std::filesystem::remove(path);
    path.resize(path.size() - std::string_view{"_not_there"}.size());
}

TEST_F(SecretsFile, AnErrorInsideNamesFileAndLine) {
    std::ofstream{path} << "link 1 2\n";
    EXPECT_EQ(error(), path + ":1: a secret is 32 bytes as base64 (44 characters) or as 64 hex digits");
}

}  // namespace
}  // namespace izar
