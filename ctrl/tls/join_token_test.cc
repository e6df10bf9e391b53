#include "ctrl/tls/join_token.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

TEST(JoinToken, ReadsWhatItWrites) {
    JoinToken token{"izar1-00-11", {}};
    token.authority[0] = 0xAB;
    token.authority[31] = 0x01;
    const auto back = JoinToken::parse(token.text());
    ASSERT_TRUE(back);
    EXPECT_EQ(back->token, token.token);
    EXPECT_EQ(back->authority, token.authority);
}

TEST(JoinToken, RefusesWhatIsNotWhole) {
    const std::string good = JoinToken{"izar1-00-11", {}}.text();
    ASSERT_TRUE(JoinToken::parse(good));
    for (const std::string& text : {std::string(), std::string("izar1-00-11"), good.substr(0, good.size() - 1),
                                    good + "0", good.substr(good.find('.')), good.substr(0, good.size() - 2) + "0x"}) {
        EXPECT_FALSE(JoinToken::parse(text)) << text;
    }
}

}  // namespace
}  // namespace izar
