#include "ctrl/controller/link_roots.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

const LinkRoots kOurs{MasterSecret{1}, Fingerprint{2}};
constexpr LinkGeneration kSecond{2};

GenerationRandom random_of(std::uint8_t seed, std::uint8_t salt) {
    GenerationRandom out;
    out.writable()[0] = seed;
    out.writable()[47] = salt;
    return out;
}

TEST(LinkRoots, GenerationZeroIsTheMaster) {
    const auto root = kOurs.root(LinkGeneration{}, "");
    ASSERT_TRUE(root);
    EXPECT_EQ(derive_link_secret(root->view(), NodeId{1}, NodeId{2}),
              derive_link_secret(MasterSecret{1}, NodeId{1}, NodeId{2}));
}

TEST(LinkRoots, ARootIsOfMasterSeedAndGeneration) {
    const std::string sealed = kOurs.make_seed(kSecond, random_of(7, 1));
    const auto root = kOurs.root(kSecond, sealed);
    ASSERT_TRUE(root) << root.error().text;
    EXPECT_EQ(*root, *kOurs.root(kSecond, kOurs.make_seed(kSecond, random_of(7, 9)))) << "the salt only seals";
    EXPECT_FALSE(*root == *kOurs.root(kSecond, kOurs.make_seed(kSecond, random_of(8, 1))));
    const LinkGeneration third{3};
    EXPECT_FALSE(*root == *kOurs.root(third, kOurs.make_seed(third, random_of(7, 1))));
    const LinkRoots others{MasterSecret{9}, Fingerprint{2}};
    EXPECT_FALSE(*root == *others.root(kSecond, others.make_seed(kSecond, random_of(7, 1))));
}

TEST(LinkRoots, OnlyControllersOfTheFleetOpenASeed) {
    const std::string sealed = kOurs.make_seed(kSecond, random_of(7, 1));
    EXPECT_EQ(sealed.size(), 128U);
    EXPECT_EQ(sealed.find("0700000000"), std::string::npos) << "the seed itself is not in it";
    EXPECT_FALSE((LinkRoots{MasterSecret{9}, Fingerprint{2}}).root(kSecond, sealed)) << "another master";
    EXPECT_FALSE((LinkRoots{MasterSecret{1}, Fingerprint{9}}).root(kSecond, sealed)) << "another authority";
    EXPECT_FALSE(kOurs.root(LinkGeneration{3}, sealed)) << "another generation's";
    for (const std::size_t at : {0U, 31U, 32U, 95U, 96U, 127U}) {
        std::string damaged = sealed;
        damaged[at] = damaged[at] == '0' ? '1' : '0';
        EXPECT_FALSE(kOurs.root(kSecond, damaged)) << at;
    }
    const auto problem = kOurs.root(kSecond, sealed.substr(2));
    ASSERT_FALSE(problem);
    EXPECT_NE(problem.error().text.find("link-master.key"), std::string::npos) << problem.error().text;
    EXPECT_FALSE(kOurs.root(kSecond, std::string(128, 'x')));
    EXPECT_FALSE(kOurs.root(kSecond, ""));
}

TEST(LinkRoots, SecretsAreOfThePairAndTheRootAlone) {
    const auto secret = derive_link_secret(MasterSecret{1}, NodeId{1}, NodeId{2});
    EXPECT_EQ(secret, derive_link_secret(MasterSecret{1}, NodeId{2}, NodeId{1}));
    EXPECT_NE(secret, derive_link_secret(MasterSecret{1}, NodeId{1}, NodeId{3}));
    EXPECT_NE(secret, derive_link_secret(MasterSecret{2}, NodeId{1}, NodeId{2}));
}

// What nodes of a running fleet have: a controller that is updated must not tell them others.
TEST(LinkRoots, SecretsOfGenerationZeroAreWhatTheyWere) {
    const LinkSecret known = derive_link_secret(MasterSecret{1}, NodeId{1}, NodeId{0x0203});
    std::string text;
    for (const std::uint8_t byte : known) {
        constexpr char kDigits[] = "0123456789abcdef";
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    EXPECT_EQ(text, "368712bbfdae742b92b1c20e2048b0d7f09f73d38c0d1606ab98819899850b5c");
}

}  // namespace
}  // namespace izar
