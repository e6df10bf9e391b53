#include "ctrl/ring/config_body.h"

#include <gtest/gtest.h>

#include <cstring>

namespace izar {
namespace {

const std::chrono::sys_seconds kRead{std::chrono::seconds{1'790'000'000}};

// What comes of all but the last `missing` messages.
std::optional<ConfigState> assembled(const ConfigState& state, std::size_t missing = 0) {
    ConfigAssembly assembly;
    std::optional<ConfigState> out;
    const auto messages = config_messages(state);
    for (std::size_t i = 0; i + missing < messages.size(); ++i) {
        EXPECT_FALSE(out) << "it was whole before its end";
        out = assembly.take(messages[i]);
    }
    return out;
}

void expect_same(const ConfigState& state) {
    const auto read = assembled(state);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->generation, state.generation);
    EXPECT_EQ(read->problem, state.problem);
    EXPECT_EQ(read->needs_restart, state.needs_restart);
    EXPECT_EQ(read->read_again, state.read_again);
}

TEST(ConfigBody, AStateComesBackAsItWas) {
    expect_same({});
    expect_same({.generation = 7, .needs_restart = {"lcores"}, .read_again = kRead});
    expect_same({.generation = 2,
                 .problem = std::string(1'000, 'x') + "\nline\n" + std::string(117, 'y'),
                 .needs_restart = {"ports", "links.interval"},
                 .read_again = kRead});
    EXPECT_FALSE(assembled({.problem = std::string(300, 'x')}, 1)) << "the last part is missing";
}

TEST(ConfigBody, TextsAreBoundedAndSayThatTheyAreCut) {
    ConfigState state;
    state.problem = std::string(20'000, 'x');
    state.needs_restart.assign(1'000, "services");
    const auto read = assembled(state);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->problem.size(), ring::kMostConfigText);
    EXPECT_TRUE(read->problem.ends_with("x..."));
    EXPECT_LT(read->needs_restart.size(), 1'000U);
    EXPECT_EQ(read->needs_restart.front(), "services");
    EXPECT_EQ(read->needs_restart.back(), "...");
    EXPECT_LT(config_messages(state).size(), 80U);
}

TEST(ConfigBody, ANewHeadBeginsAnewAndOtherMessagesAreNothing) {
    const auto first = config_messages({.problem = std::string(300, 'x')});
    const auto next = config_messages({.generation = 2, .problem = "short"});
    ConfigAssembly assembly;
    EXPECT_FALSE(assembly.take(next.back())) << "a part without its head";
    EXPECT_FALSE(assembly.take(first.front()));
    EXPECT_FALSE(assembly.take(ring::Message{.kind = ring::Kind::own_row_end}));
    EXPECT_FALSE(assembly.take(next.front()));
    const auto read = assembly.take(next.back());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->generation, 2U);
    EXPECT_EQ(read->problem, "short");
}

TEST(ConfigBody, WhatIsOutOfRangeIsNoState) {
    const auto whole = config_messages({.generation = 2, .problem = "short"});
    ring::ConfigHead head{.generation = 2, .read_again_s = 0, .keys_bytes = 0, .problem_bytes = 0xFFFF, .pad = {}};
    ring::Message message = whole.front();
    ConfigAssembly assembly;
    std::memcpy(message.body, &head, sizeof head);
    EXPECT_FALSE(assembly.take(message));
    EXPECT_FALSE(assembly.take(whole.back()));
    head.problem_bytes = 3;
    std::memcpy(message.body, &head, sizeof head);
    EXPECT_FALSE(assembly.take(message));
    EXPECT_FALSE(assembly.take(whole.back())) << "longer than its head says";
}

}  // namespace
}  // namespace izar
