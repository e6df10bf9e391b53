// Leases and members together, over a network that loses, doubles, delays and reorders, with controllers that restart
// and one that does not know yet that it leads no more. One seed replays a world.
#include "ctrl/group/group_leases.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "ctrl/group/group_member.h"
#include "dataplane/base/random.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kRegion[] = "eu";

// What the store has: the last epoch, and whose controller may write.
struct Epochs {
    std::uint64_t last = 0;
    int leader = 0;
};

GroupLeases::NextEpoch epochs_for(Epochs& epochs, int controller) {
    return [&epochs, controller]() -> std::optional<GroupEpoch> {
        return epochs.leader == controller ? std::optional(GroupEpoch{++epochs.last}) : std::nullopt;
    };
}

TEST(GroupLeases, TheFirstThatAsksLeadsUntilItAsksNoMore) {
    Epochs epochs;
    Instant now{seconds{100}};
    GroupLeases leases(now, epochs_for(epochs, 0));
    EXPECT_EQ(leases.claim(kRegion, NodeId{1}, now).master, kNoNode) << "a predecessor's lease may still run";
    now += kGroupLease;
    const GroupState first = leases.claim(kRegion, NodeId{2}, now);
    EXPECT_EQ(first.master, NodeId{2});
    EXPECT_EQ(leases.claim(kRegion, NodeId{1}, now), first);
    EXPECT_EQ(leases.claim("us", NodeId{3}, now).master, NodeId{3}) << "each region has its own";
    now += kGroupLease - milliseconds{1};
    EXPECT_EQ(leases.claim(kRegion, NodeId{2}, now), first) << "renewed";
    now += kGroupLease - milliseconds{1};
    EXPECT_TRUE(leases.leads(kRegion, NodeId{2}, first.epoch, now));
    EXPECT_EQ(leases.claim(kRegion, NodeId{1}, now), first);
    now += milliseconds{1};
    EXPECT_FALSE(leases.leads(kRegion, NodeId{2}, first.epoch, now));
    const GroupState second = leases.claim(kRegion, NodeId{1}, now);
    EXPECT_EQ(second.master, NodeId{1});
    EXPECT_GT(second.epoch, first.epoch);
    EXPECT_FALSE(leases.leads(kRegion, NodeId{1}, first.epoch, now));
}

TEST(GroupLeases, WithoutAnEpochNobodyLeads) {
    Epochs epochs{.last = 0, .leader = 1};
    GroupLeases leases(Instant{}, epochs_for(epochs, 0));
    EXPECT_EQ(leases.claim(kRegion, NodeId{1}, Instant{seconds{100}}).master, kNoNode);
}

struct Message {
    Instant at;
    int controller;
    std::size_t member;
    std::optional<GroupState> answer;  // none: a claim
    Instant asked_at;                  // by the member's clock
};

class World {
  public:
    explicit World(std::uint64_t seed) : random_(seed) {
        for (std::uint16_t id = 1; id <= 4; ++id) {
            members_.emplace_back(NodeId{id});
            obeyed_.emplace_back();
            away_.push_back(false);
        }
        controllers_.push_back(std::make_unique<GroupLeases>(now_, epochs_for(epochs_, 0)));
    }
    // `faults`: with lost messages, partitions and restarts, else without.
    void run(Nanos span, bool faults) {
        if (!faults) {
            stale_for_ = {};
            messages_.clear();
        }
        for (const Instant end = now_ + span; now_ < end; now_ += kStep) {
            if (faults) {
                make_trouble();
            }
            for (std::size_t i = 0; i < members_.size(); ++i) {
                const bool due = (now_ - Instant{} + kStep * static_cast<int>(i)) % kGroupClaimInterval == Nanos{0};
                if (due && (!away_[i] || !faults)) {
                    send({now_, at(i), i, std::nullopt, clock(i)}, faults);
                }
            }
            deliver(faults);
            assign();
        }
    }
    std::vector<NodeId> masters() const {
        std::vector<NodeId> out;
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (members_[i].is_master(clock(i))) {
                out.push_back(NodeId{static_cast<std::uint16_t>(i + 1)});
            }
        }
        return out;
    }

  private:
    static constexpr Nanos kStep = milliseconds{100};

    // Each node's clock began at another time.
    Instant clock(std::size_t member) const { return now_ + seconds{1'000 * static_cast<int>(member)}; }
    int newest() const { return static_cast<int>(controllers_.size()) - 1; }
    // Which controller a member is at: some are slow to leave a leader that was cut off.
    int at(std::size_t member) const { return stale_for_ > now_ && member % 2 == 0 ? newest() - 1 : newest(); }

    void make_trouble() {
        if (random_.below(100) == 0) {
            const std::size_t member = random_.below(members_.size());
            away_[member] = !away_[member];
        }
        if (random_.below(300) == 0) {
            epochs_.leader = newest() + 1;
            controllers_.push_back(std::make_unique<GroupLeases>(now_, epochs_for(epochs_, epochs_.leader)));
            stale_for_ = now_ + milliseconds{random_.below(10'000)};
        }
    }
    void send(Message message, bool faults) {
        if (faults && random_.below(10) == 0) {
            return;
        }
        for (int copies = faults && random_.below(10) == 0 ? 2 : 1; copies > 0; --copies) {
            message.at = now_ + milliseconds{random_.below(faults ? 3'000 : 100)};
            messages_.push_back(message);
        }
    }
    void deliver(bool faults) {
        std::vector<Message> due;
        std::erase_if(messages_, [&](const Message& message) {
            if (message.at <= now_) {
                due.push_back(message);
            }
            return message.at <= now_;
        });
        for (Message& message : due) {
            if (message.answer) {
                members_[message.member].take_state(*message.answer, message.asked_at);
            } else {
                const NodeId who{static_cast<std::uint16_t>(message.member + 1)};
                message.answer = controllers_[static_cast<std::size_t>(message.controller)]->claim(kRegion, who, now_);
                send(message, faults);
            }
        }
    }
    // Every master tells every member something; who obeys must never obey an earlier one afterwards, and never two of
    // the same epoch.
    void assign() {
        for (std::size_t from = 0; from < members_.size(); ++from) {
            if (!members_[from].is_master(clock(from))) {
                continue;
            }
            const GroupEpoch epoch = members_[from].state().epoch;
            for (std::size_t to = 0; to < members_.size(); ++to) {
                if (random_.below(3) == 0 || !members_[to].obeys(epoch)) {
                    continue;
                }
                ASSERT_GE(epoch, obeyed_[to]);
                obeyed_[to] = epoch;
                const auto [known, first] = master_of_.try_emplace(epoch, from);
                ASSERT_TRUE(first || known->second == from) << "two masters of one epoch";
            }
        }
    }

    Random random_;
    Instant now_{seconds{100}};
    Epochs epochs_;
    Instant stale_for_{};
    std::vector<GroupMember> members_;
    std::vector<bool> away_;
    std::vector<GroupEpoch> obeyed_;
    std::map<GroupEpoch, std::size_t> master_of_;
    std::vector<std::unique_ptr<GroupLeases>> controllers_;
    std::vector<Message> messages_;
};

TEST(GroupLeases, TwoMastersAreNeverObeyedAndOneFollowsWithinTwoLeases) {
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
        World world(seed);
        world.run(seconds{90}, true);
        world.run(2 * kGroupLease, false);
        ASSERT_EQ(world.masters().size(), 1U) << "seed " << seed;
        if (testing::Test::HasFatalFailure()) {
            FAIL() << "seed " << seed;
        }
    }
}

TEST(GroupMember, ALateAnswerChangesNothing) {
    GroupMember member(NodeId{1});
    const Instant asked{seconds{100}};
    member.take_state({GroupEpoch{2}, NodeId{1}}, asked);
    EXPECT_TRUE(member.is_master(asked + kGroupLease - milliseconds{1}));
    EXPECT_FALSE(member.is_master(asked + kGroupLease)) << "it counts from when it asked";
    member.take_state({GroupEpoch{2}, NodeId{1}}, asked - seconds{1});
    EXPECT_TRUE(member.is_master(asked + kGroupLease - milliseconds{1}));
    member.take_state({GroupEpoch{1}, NodeId{2}}, asked);
    EXPECT_TRUE(member.is_master(asked));
    EXPECT_FALSE(member.obeys(GroupEpoch{1}));
    EXPECT_TRUE(member.obeys(GroupEpoch{3}));
    EXPECT_FALSE(member.is_master(asked)) << "somebody of a later epoch leads";
    EXPECT_FALSE(member.obeys(GroupEpoch{2}));
}

}  // namespace
}  // namespace izar
