// Rows that another program writes into the public tables, as operators hear of them.
#include "tools/controller/upkeep.h"

#include <gtest/gtest.h>

#include "ctrl/store/testing/test_store.h"
#include "tools/controller/controller_state.h"

namespace izar {
namespace {

using std::chrono::seconds;

const WallTime kNow{seconds{1'790'000'000}};

class UpkeepTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(controller.start()); }
    // As long as a look takes to come, and what it told.
    std::vector<std::string> told_in_a_look() {
        told.clear();
        now += Upkeep::kCompactInterval / 2;
        for (int turn = 0; turn < 3; ++turn) {
            loop->run_once(Nanos{0});
        }
        return told;
    }

    Instant now{};
    std::vector<std::string> told;
    TemporaryFolder folder;
    SqliteTestStore backing;
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::make([this] { return now; }));
    std::unique_ptr<Store> store = std::move(*backing.open({}));
    ControllerState state = *open_controller_state(
        folder.path(), std::chrono::floor<seconds>(kNow),
        [](std::span<std::uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), std::uint8_t{7}); });
    TlsContext tls = *TlsContext::for_controller(*state.authority.make_controller(std::chrono::floor<seconds>(kNow)),
                                                 state.authority.certificate());
    Controller controller{{*loop, *store, state.authority, tls, state.master, [] { return kNow; },
                           [this](const std::string& line) { told.push_back(line); }}};
    Upkeep upkeep{*loop, controller, Upkeep::kCompactInterval / 2, [](const std::string&) {}};
};

TEST_F(UpkeepTest, RowsThatAreTakenUpAndThoseThatCannotBeAreToldOnce) {
    backing.run_outside(
        "INSERT INTO node_region (ip, region) VALUES ('10.0.0.1', 'eu'), ('not an ip', 'eu');"
        "INSERT INTO domain_origin (domain, origin_ip) VALUES ('example.com', '10.0.1.5')");
    const auto first = told_in_a_look();
    ASSERT_EQ(first.size(), 3U);
    EXPECT_EQ(first[0], "2 rows of the public tables taken up");
    EXPECT_EQ(first[1].find("1 domain without a service, which leads nowhere: example.com"), 0U) << first[1];
    EXPECT_EQ(first[2].find("not taken up: node_region, id 2 (not an ip):"), 0U) << first[2];
    EXPECT_EQ(controller.events().events().size(), 3U);
    EXPECT_TRUE(told_in_a_look().empty());
    backing.run_outside("INSERT INTO domain_origin (domain, origin_ip) VALUES ('x.example.com', 'nowhere')");
    EXPECT_EQ(told_in_a_look().size(), 1U);
}

TEST_F(UpkeepTest, ManyRowsThatCannotBeTakenUpAreCounted) {
    std::string rows;
    for (std::size_t i = 0; i < Upkeep::kMostLines + 7; ++i) {
        rows += "INSERT INTO domain_origin (domain, origin_ip) VALUES ('d" + std::to_string(i) + ".example', '-');";
    }
    backing.run_outside(rows);
    const auto lines = told_in_a_look();
    ASSERT_EQ(lines.size(), Upkeep::kMostLines + 1);
    EXPECT_EQ(lines.back(), "7 more rows of the public tables are not taken up");
}

}  // namespace
}  // namespace izar
