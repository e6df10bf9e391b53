// Over a real SQLite store.
#include "ctrl/controller/join_gate.h"

#include <gtest/gtest.h>

#include "ctrl/store/testing/store_suite.h"

namespace izar {
namespace {

using std::chrono::hours;

class JoinGateTest : public testing::Test {
  protected:
    void SetUp() override {
        store = std::move(*backing.open({}));
        gate = std::make_unique<JoinGate>(*store);
        make_token(1);
    }
    void make_token(std::uint8_t number, std::uint32_t uses = 1'000) {
        granted(store->create_token(token_number(number), {.region = "eu", .uses = uses}, kNow));
    }
    bool admits(const std::string& token, WallTime wall = kNow) { return gate->admit(token, now, wall).has_value(); }
    // Of another token with the same id.
    static std::string with_wrong_secret(std::string token) {
        token.back() = token.back() == '0' ? '1' : '0';
        return token;
    }

    SqliteTestStore backing;
    std::unique_ptr<Store> store;
    std::unique_ptr<JoinGate> gate;
    Instant now{hours{1}};
};

TEST_F(JoinGateTest, WhoeverHasNoTokenUsesNothingUp) {
    const std::string wrong = with_wrong_secret(token_number(1));
    for (std::size_t i = 0; i < 10 * JoinGate::kJoins; ++i) {
        ASSERT_FALSE(admits("nonsense"));
        ASSERT_FALSE(admits(""));
        ASSERT_FALSE(admits(token_number(9)));
        ASSERT_FALSE(admits(wrong));
    }
    EXPECT_TRUE(admits(token_number(1)));
    EXPECT_TRUE(gate->admit_renewal());
}

TEST_F(JoinGateTest, SpentTokensHaveAQuotaOfTheirOwn) {
    make_token(2, 1);
    ASSERT_TRUE(admits(token_number(2)));
    const WallTime later = kNow + hours{2};  // the first one has expired, too
    for (std::size_t i = 0; i < JoinGate::kRepeats; ++i) {
        ASSERT_TRUE(admits(token_number(i % 2 == 0 ? 1 : 2), later)) << "a node's first answer may have got lost";
    }
    EXPECT_FALSE(admits(token_number(2)));
    EXPECT_FALSE(admits(token_number(1), later));
    EXPECT_TRUE(admits(token_number(1)));
    (void)gate->begin_round();
    EXPECT_TRUE(admits(token_number(2)));
}

TEST_F(JoinGateTest, JoinsAndRenewalsOfARoundAreBounded) {
    for (std::size_t i = 0; i < JoinGate::kJoins; ++i) {
        ASSERT_TRUE(i % 2 == 0 ? admits(token_number(1)) : gate->admit_renewal());
    }
    EXPECT_FALSE(admits(token_number(1)));
    EXPECT_FALSE(gate->admit_renewal());
    (void)gate->begin_round();
    EXPECT_TRUE(admits(token_number(1)));
}

TEST_F(JoinGateTest, ATokenThatCannotBeLookedUpIsNotCalledUnknown) {
    ASSERT_TRUE(admits(token_number(1)));
    make_token(2);
    backing.run_outside("ALTER TABLE izar_tokens RENAME TO aside");
    gate->forget_tokens();
    const auto refused = gate->admit(token_number(2), now, kNow);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text.find("unknown"), std::string::npos) << refused.error().text;
    const auto again = gate->admit(token_number(2), now, kNow);
    ASSERT_FALSE(again) << "the store is not asked each time";
    EXPECT_EQ(again.error().text, refused.error().text);
    EXPECT_TRUE(admits(token_number(1))) << "known from before";
    backing.run_outside("ALTER TABLE aside RENAME TO izar_tokens");
    now += JoinGate::kLook;
    EXPECT_TRUE(admits(token_number(2)));
}

TEST_F(JoinGateTest, NewTokensCountAtOnceAndThoseOfOthersSoon) {
    EXPECT_FALSE(admits(token_number(2)));
    make_token(2);
    EXPECT_FALSE(admits(token_number(2))) << "nobody said that there are others";
    gate->forget_tokens();
    EXPECT_TRUE(admits(token_number(2)));
    make_token(3);
    now += JoinGate::kLook;
    EXPECT_TRUE(admits(token_number(3)));
    granted(store->withdraw_token(parse_token(token_number(3))->id, kNow));
    gate->forget_tokens();
    EXPECT_FALSE(admits(token_number(3)));
}

TEST_F(JoinGateTest, RefusalsAreToldOfUpToABound) {
    for (std::size_t i = 0; i < JoinGate::kTold + 5; ++i) {
        EXPECT_EQ(gate->tells_refusal(), i < JoinGate::kTold);
    }
    EXPECT_EQ(gate->begin_round(), 5U);
    EXPECT_EQ(gate->begin_round(), 0U);
    EXPECT_TRUE(gate->tells_refusal());
}

}  // namespace
}  // namespace izar
