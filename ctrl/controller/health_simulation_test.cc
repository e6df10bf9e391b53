// Edges and agents that die, come back and are cut off, links that break, controllers that begin anew, messages that
// take their time: who is well is never out of use, who restarts in time neither, and when the storm is over exactly
// the dead are. One seed replays a world.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "ctrl/controller/health.h"
#include "ctrl/ring/ring_end.h"
#include "dataplane/base/random.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeeds = 500;
constexpr Nanos kStep = milliseconds{100};
constexpr Nanos kReport = seconds{5};
constexpr Nanos kSlowest = seconds{1};     // a message on its way
constexpr Nanos kUnnoticed = seconds{10};  // until the controller sees that an agent is cut off

// What an agent says, to be heard at `at`.
struct Word {
    Instant at;
    std::optional<bool> edge_runs;
    bool is_hello = false;
    std::optional<std::vector<FeedLink>> row = std::nullopt;
};

struct SimulatedNode {
    bool edge = true;
    bool agent = true;
    bool cut = false;  // its agent from the controller
    Instant edge_since{};
    Instant well_since{};  // edge, agent and the way between agent and controller
    Instant agent_since{};
    bool connected = false;
    Instant unnoticed_until{};
    std::optional<bool> told;  // what its agent says of its edge
    Instant next_report{};
    std::deque<Word> words;
};

class HealthWorld {
  public:
    explicit HealthWorld(std::uint64_t seed) : random_(seed), nodes_(2 + random_.below(5)) {
        begin_controller();
        broken_.assign(nodes_.size() * nodes_.size(), false);
    }

    void run(Nanos span, bool storm) {
        for (const Instant end = now_ + span; now_ < end && !testing::Test::HasFailure(); now_ += kStep) {
            if (storm && random_.below(10) == 0) {
                cause_trouble();
            }
            for (std::size_t i = 0; i < nodes_.size(); ++i) {
                speak(i);
                listen(i);
            }
            for (const Health::Change& change : health_.judge(rows_, now_)) {
                withdrawals_ += change.withdrawn ? 1 : 0;
                if (change.withdrawn) {
                    rows_.erase_row(change.node);
                }
            }
            expect_the_well_in_use();
        }
    }
    void heal_ways() {
        broken_.assign(broken_.size(), false);
        for (SimulatedNode& node : nodes_) {
            node.cut = false;
        }
    }
    void start_all() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            set_edge(i, true);
            set_agent(i, true);
        }
    }
    void set_edge(std::size_t i, bool runs) {
        if (std::exchange(nodes_[i].edge, runs) != runs) {
            nodes_[i].edge_since = now_;
        }
    }
    void set_agent(std::size_t i, bool runs) {
        if (std::exchange(nodes_[i].agent, runs) != runs) {
            nodes_[i].agent_since = now_;
            nodes_[i].told.reset();
        }
    }
    // Of whom neither its own agent nor a node that is well can tell nothing is expected.
    void expect_exactly_the_dead_withdrawn() const {
        const bool witness = std::ranges::any_of(nodes_, [](const auto& node) { return node.edge && node.agent; });
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (witness || nodes_[i].agent) {
                EXPECT_EQ(health_.withdrawn(id(i)), !nodes_[i].edge) << "node " << i << ", agent " << nodes_[i].agent;
            }
        }
    }
    std::size_t size() const { return nodes_.size(); }
    std::size_t withdrawals() const { return withdrawals_; }
    std::uint32_t draw(std::uint32_t below) { return random_.below(below); }

  private:
    static NodeId id(std::size_t i) { return NodeId{static_cast<std::uint16_t>(i + 1)}; }
    bool hears(std::size_t from, std::size_t to) const {
        return nodes_[to].edge && !broken_[from * nodes_.size() + to];
    }

    void begin_controller() {
        health_ = Health{};
        rows_ = LinkRows{};
        std::set<NodeId> ids;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            ids.insert(id(i));
            nodes_[i].connected = false;
            nodes_[i].words.clear();
        }
        health_.set_nodes(ids);
        for (const NodeId node : ids) {
            health_.falls_silent(node, now_);
        }
    }

    void cause_trouble() {
        const std::size_t i = random_.below(static_cast<std::uint32_t>(nodes_.size()));
        const std::size_t other = random_.below(static_cast<std::uint32_t>(nodes_.size()));
        switch (random_.below(12)) {
            case 0:
            case 1:
            case 2:
                set_edge(i, !nodes_[i].edge);
                break;
            case 3:
            case 4:
                set_agent(i, !nodes_[i].agent);
                break;
            case 5:
            case 6:
                nodes_[i].cut = !nodes_[i].cut;
                break;
            case 7:
            case 8:
            case 9:
                broken_[i * nodes_.size() + other] = !broken_[i * nodes_.size() + other];
                break;
            case 10:
                heal_ways();
                break;
            default:
                if (random_.below(5) == 0) {
                    begin_controller();
                }
                break;
        }
    }

    void say(std::size_t i, Word word) {
        std::deque<Word>& words = nodes_[i].words;
        word.at = now_ + milliseconds{random_.below(static_cast<std::uint32_t>(kSlowest / milliseconds{1}))};
        word.at = words.empty() ? word.at : std::max(word.at, words.back().at);
        words.push_back(std::move(word));
    }
    std::vector<FeedLink> row(std::size_t i) const {
        std::vector<FeedLink> out;
        for (std::size_t to = 0; to < nodes_.size(); ++to) {
            if (to != i) {
                out.push_back({.from = id(i), .to = id(to), .reachable = hears(i, to)});
            }
        }
        return out;
    }

    // The agent's side.
    void speak(std::size_t i) {
        SimulatedNode& node = nodes_[i];
        const bool reaches = node.agent && !node.cut;
        if (!node.edge || !reaches) {
            node.well_since = now_;
        }
        if (!reaches) {
            return;
        }
        const bool is_sure = node.edge || now_ - std::max(node.edge_since, node.agent_since) >= RingEnd::kSilence;
        const bool changed = is_sure && node.told != node.edge;
        node.told = is_sure ? std::optional(node.edge) : node.told;
        if (!node.connected) {
            node.connected = true;
            node.words.clear();
            say(i, {.at = {}, .edge_runs = node.told == true, .is_hello = true});
            node.next_report = now_ + kReport;
            if (node.told == true) {
                say(i, {.at = {}, .edge_runs = std::nullopt, .is_hello = false, .row = row(i)});
            }
        }
        if (changed || now_ >= node.next_report) {
            node.next_report = now_ >= node.next_report ? now_ + kReport : node.next_report;
            say(i, {.at = {}, .edge_runs = node.told});
        }
        if (node.told == true && node.edge && random_.below(5) == 0) {
            say(i, {.at = {}, .edge_runs = std::nullopt, .is_hello = false, .row = row(i)});
        }
    }

    // The controller's, as Controller does it.
    void listen(std::size_t i) {
        SimulatedNode& node = nodes_[i];
        if (node.connected && (!node.agent || node.cut)) {
            if (node.unnoticed_until == Instant{}) {
                node.unnoticed_until =
                    now_ + (node.agent
                                ? milliseconds{random_.below(static_cast<std::uint32_t>(kUnnoticed / milliseconds{1}))}
                                : milliseconds{0});
            }
            if (now_ >= node.unnoticed_until) {
                node.connected = false;
                node.words.clear();
                node.unnoticed_until = {};
                health_.falls_silent(id(i), now_);
            }
            return;
        }
        node.unnoticed_until = {};
        while (!node.words.empty() && node.words.front().at <= now_) {
            take(i, node.words.front());
            node.words.pop_front();
        }
    }
    void take(std::size_t i, const Word& word) {
        if (word.row) {
            rows_.set_row(id(i), *word.row);
        } else if (word.edge_runs == true) {
            health_.speaks(id(i));
        } else if (word.is_hello) {
            health_.falls_silent(id(i), now_);
        } else if (word.edge_runs == false) {
            health_.edge_is_dead(id(i), now_);
            rows_.erase_row(id(i));
        }
    }

    void expect_the_well_in_use() const {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (now_ - nodes_[i].well_since > RingEnd::kSilence + 3 * kSlowest) {
                EXPECT_FALSE(health_.withdrawn(id(i))) << "node " << i << " is well";
            }
        }
    }

    Random random_;
    Instant now_{seconds{100}};
    std::vector<SimulatedNode> nodes_;
    std::vector<bool> broken_;  // ways, by from and to
    LinkRows rows_;
    Health health_;
    std::size_t withdrawals_ = 0;
};

TEST(HealthSimulation, ExactlyTheDeadAreOutOfUseWhenTheStormIsOver) {
    std::size_t withdrawals = 0;
    for (std::uint64_t seed = 0; seed < kSeeds && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        HealthWorld world(seed);
        for (int i = 0; i < 3; ++i) {
            world.run(seconds{30}, true);
            world.heal_ways();
            world.run(kUnnoticed + RingEnd::kSilence + Health::kLongestSilence + 4 * kSlowest, false);
            world.expect_exactly_the_dead_withdrawn();
        }
        world.start_all();
        world.run(kUnnoticed + 4 * kSlowest, false);
        world.expect_exactly_the_dead_withdrawn();
        withdrawals += world.withdrawals();
    }
    EXPECT_GT(withdrawals, kSeeds) << "so that this shows anything";
}

TEST(HealthSimulation, RestartsWithinTheLimitsWithdrawNobody) {
    for (std::uint64_t seed = 0; seed < kSeeds && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        HealthWorld world(seed);
        world.run(seconds{10}, false);
        for (int i = 0; i < 10; ++i) {
            const std::size_t node = world.draw(static_cast<std::uint32_t>(world.size()));
            const bool of_edge = world.draw(2) == 0;
            of_edge ? world.set_edge(node, false) : world.set_agent(node, false);
            const Nanos longest =
                (of_edge ? RingEnd::kSilence : Nanos{0}) + Health::kLongestSilence - kSlowest - 2 * kStep;
            world.run(milliseconds{world.draw(static_cast<std::uint32_t>(longest / milliseconds{1}))}, false);
            world.start_all();
            world.run(seconds{5}, false);
        }
        EXPECT_EQ(world.withdrawals(), 0U);
    }
}

}  // namespace
}  // namespace izar
