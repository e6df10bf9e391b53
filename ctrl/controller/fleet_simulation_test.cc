// Three controllers over a real MariaDB, the agents that they feed, and the master that these elect, in one thread and
// virtual time. Leases, sleeps, kills, partitions between any two of them, frames that come late, twice or in another
// order, wall clocks that jump: what was acknowledged stays, one leads at a time, of two masters one is obeyed, and in
// the end every agent has the newest truth and the same master. One seed replays a world.
#include <control.pb.h>
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "ctrl/controller/desired_state.h"
#include "ctrl/controller/groups.h"
#include "ctrl/frames/messages.h"
#include "ctrl/group/group_member.h"
#include "ctrl/store/testing/store_suite.h"
#include "dataplane/base/random.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kControllers = 3;
constexpr std::size_t kAgents = 4;
constexpr Nanos kLease = seconds{3};
constexpr Nanos kStep = milliseconds{200};
constexpr Nanos kRound = seconds{5};  // in which a leader reads the store again
constexpr std::uint64_t kSeeds = 500;
constexpr std::uint32_t kNames = 4;  // of services

// What outlives a world: the database, etcd's revision, and what the store may hold of each service (its origin's
// port). More than one value where the answer to a write got lost.
struct Disk {
    MariadbTestStore backing;
    std::array<std::unique_ptr<Store>, kControllers> stores;
    std::vector<NodeId> nodes;
    std::uint64_t revision = 0;
    std::uint16_t last_port = 0;
    std::map<std::string, std::set<std::uint16_t>> may_hold;
};

struct TestController {
    DesiredState desired{MasterSecret{1}};
    std::optional<Fence> leads;    // as it believes
    std::optional<Groups> groups;  // while it does
    Instant leads_until{};
    Instant sleeps_until{};
    bool without_etcd = false;
    bool without_store = false;
    std::array<bool, kAgents> without_agent{};
};

struct TestAgent {
    StaticData data;
    std::optional<std::size_t> at;  // a controller
    std::uint64_t sent = 0;         // on this connection
    std::deque<std::pair<Instant, control::StaticUpdate>> coming;

    struct Answer {
        Instant at{};
        GroupState state;
        Instant asked_at{};
    };
    std::optional<GroupMember> member;
    std::deque<Answer> answers;                                // to its claims, on their way
    std::deque<std::pair<Instant, GroupEpoch>> assignments{};  // of its own, on their way to the controller
    GroupEpoch obeyed{};

    void leave() {
        at.reset();
        coming.clear();
        answers.clear();
        assignments.clear();
    }
};

class World {
  public:
    World(Disk& disk, std::uint64_t seed) : disk_(disk), random_(seed) {
        for (std::size_t i = 0; i < kAgents; ++i) {
            agents_[i].member.emplace(disk.nodes[i]);
        }
    }

    enum class Weather : std::uint8_t { storm, fair, calm };  // with faults; with few; with none, and no writes
    void run(Nanos span, Weather weather) {
        const Instant end = now_ + span;
        for (; now_ < end && !testing::Test::HasFailure(); now_ += kStep) {
            if (weather == Weather::storm) {
                cause_trouble();
            }
            for (std::size_t i = 0; i < kControllers; ++i) {
                if (weather != Weather::calm && random_.below(4) == 0) {
                    write(i);  // before it looks whether it still leads
                }
                look(i);
            }
            for (std::size_t i = 0; i < kAgents; ++i) {
                hear(i, weather != Weather::calm && chance(1));
                take_part(i);
            }
        }
    }
    void heal() {
        for (TestController& each : controllers_) {
            reach_all(each);
            each.sleeps_until = now_;
        }
    }
    void expect_one_truth() {
        std::size_t leaders = 0;
        for (const TestController& each : controllers_) {
            leaders += each.leads ? 1 : 0;
        }
        EXPECT_EQ(leaders, 1U);
        const auto stored = granted(disk_.stores[0]->services());
        EXPECT_EQ(stored.size(), disk_.may_hold.size());
        for (const ServiceRecord& record : stored) {
            const std::uint16_t port = record.service.origins.at(0).port;
            EXPECT_TRUE(disk_.may_hold[record.service.name].contains(port)) << record.service.name << " has " << port;
            disk_.may_hold[record.service.name] = {port};
        }
        const std::uint64_t version = raw(granted(disk_.stores[0]->static_version()));
        for (const TestAgent& agent : agents_) {
            EXPECT_EQ(agent.data.version, version);
            EXPECT_EQ(agent.data.nodes.size(), kAgents);
            ASSERT_EQ(agent.data.services.size(), stored.size());
            for (const ServiceRecord& record : stored) {
                EXPECT_EQ(agent.data.services.at(record.service.id).origins.at(0).port, record.service.origins[0].port);
            }
        }
    }
    void expect_one_master() {
        std::set<GroupEpoch> known;
        std::size_t masters = 0;
        for (const TestAgent& agent : agents_) {
            known.insert(agent.member->state().epoch);
            masters += agent.member->is_master(now_) ? 1 : 0;
        }
        EXPECT_EQ(masters, 1U);
        EXPECT_EQ(known.size(), 1U) << "all have heard of it";
    }

    struct Counts {
        std::size_t acknowledged = 0;  // writes
        std::size_t obeyed = 0;        // assignments, by each member
        std::size_t refused = 0;       // assignments, by controllers and members
    };
    const Counts& counts() const { return counts_; }

  private:
    bool chance(std::uint32_t percent) { return random_.below(100) < percent; }
    bool sleeps(const TestController& controller) const { return now_ < controller.sleeps_until; }
    WallTime wall() { return kNow + milliseconds{random_.below(7'200'000)} - std::chrono::hours{1}; }

    static void reach_all(TestController& controller) {
        controller.without_etcd = controller.without_store = false;
        controller.without_agent = {};
    }
    void cause_trouble() {
        TestController& controller = controllers_[random_.below(kControllers)];
        switch (random_.below(16)) {
            case 0:
                controller.without_etcd = !controller.without_etcd;
                break;
            case 1:
                controller.without_store = !controller.without_store;
                break;
            case 2:
                for (bool& without : controller.without_agent) {
                    without = chance(50) ? !without : without;
                }
                break;
            case 3:
                controller.sleeps_until = now_ + milliseconds{random_.below(8'000)};
                break;
            case 4:  // killed, and started again
                give_up(static_cast<std::size_t>(&controller - controllers_.data()));
                controller.desired = DesiredState{MasterSecret{1}};
                break;
            case 5:
                reach_all(controller);
                break;
            default:
                break;
        }
    }

    // Its lease in etcd, if it had it, is nobody's until it ends.
    void give_up(std::size_t which) {
        controllers_[which].leads.reset();
        controllers_[which].groups.reset();
        if (holder_ == which) {
            holder_.reset();
        }
    }

    // A controller's turn: its lease, as Seat looks at it.
    void look(std::size_t which) {
        TestController& controller = controllers_[which];
        if (sleeps(controller)) {
            return;
        }
        if (now_ >= controller.leads_until) {
            give_up(which);
        }
        if (controller.leads && !controller.without_store && (now_.time_since_epoch() % kRound) == Nanos{}) {
            ASSERT_TRUE(controller.desired.refresh(*disk_.stores[which]));
            tell_agents(which);
        }
        if (controller.without_etcd) {
            return;
        }
        if (holder_ == which && now_ < held_until_) {
            held_until_ = now_ + kLease;
            controller.leads_until = chance(90) ? now_ + kLease : controller.leads_until;  // else its answer got lost
        } else if (now_ >= held_until_) {
            holder_ = which;
            held_until_ = now_ + kLease;
            begin(controller, which, Fence{++disk_.revision});
        }
    }
    void begin(TestController& controller, std::size_t which, Fence fence) {
        if (controller.without_store) {
            held_until_ = now_;  // gives way
            return;
        }
        granted(disk_.stores[which]->claim(fence));
        claimed_ = fence;
        controller.desired = DesiredState{MasterSecret{1}};
        ASSERT_TRUE(controller.desired.refresh(*disk_.stores[which]));
        controller.leads = fence;
        controller.groups.emplace(*disk_.stores[which], now_, [this] { return wall(); });
        controller.leads_until = now_ + kLease;
    }

    // An operator's request, if the controller believes that it leads.
    void write(std::size_t which) {
        TestController& controller = controllers_[which];
        if (sleeps(controller) || !controller.leads) {
            return;
        }
        const bool answer_lost = controller.without_store;
        if (answer_lost && chance(80)) {
            return;  // the request too
        }
        const std::string name = "s" + std::to_string(1 + random_.below(kNames));
        Service service = service_named(name, "10.99.0." + name.substr(1), "10.2.0.10");
        service.origins[0].port = ++disk_.last_port;
        const auto written = disk_.stores[which]->set_service(service, wall());
        EXPECT_EQ(written.has_value(), *controller.leads == claimed_)
            << "the newest leader's writes, and nobody else's";
        if (answer_lost && written) {
            disk_.may_hold[name].insert(disk_.last_port);
        } else if (written) {
            disk_.may_hold[name] = {disk_.last_port};
            ++counts_.acknowledged;
            ASSERT_TRUE(controller.desired.refresh(*disk_.stores[which]));
            tell_agents(which);
        }
    }
    void tell_agents(std::size_t of) {
        for (std::size_t i = 0; i < kAgents; ++i) {
            if (agents_[i].at == of) {
                send(i);
            }
        }
    }

    void send(std::size_t which) {
        TestAgent& agent = agents_[which];
        DesiredState& desired = controllers_[*agent.at].desired;
        if (agent.sent != desired.version()) {
            const Instant last = agent.coming.empty() ? now_ : agent.coming.back().first;
            const Instant at = std::max(last, now_ + milliseconds{random_.below(1'000)});
            agent.coming.emplace_back(at, desired.update_for(disk_.nodes[which], agent.sent));
            agent.sent = desired.version();
            if (chance(5)) {
                overtake(agent);
            }
        }
    }
    // The newest change comes before the one that it builds on. All of it is never overtaken: within a connection TLS
    // keeps the order, and what says everything says by itself nothing of what else is on the way.
    static void overtake(TestAgent& agent) {
        const std::size_t count = agent.coming.size();
        if (count >= 2 && !agent.coming[count - 1].second.whole() && !agent.coming[count - 2].second.whole()) {
            std::swap(agent.coming[count - 1].second, agent.coming[count - 2].second);
        }
    }

    // An agent's turn: it is somewhere, or looks for somebody.
    void hear(std::size_t which, bool breaks_off) {
        TestAgent& agent = agents_[which];
        if (agent.at) {
            const TestController& controller = controllers_[*agent.at];
            if (!controller.leads || controller.without_agent[which] || breaks_off) {
                agent.leave();
            }
        } else {
            connect(which, random_.below(kControllers));
        }
        while (!agent.coming.empty() && agent.coming.front().first <= now_) {
            const auto update = std::move(agent.coming.front().second);
            agent.coming.pop_front();
            const std::uint64_t before = agent.data.version;
            bool fits = apply_update(update, agent.data).has_value();
            fits = (!chance(5) || apply_update(update, agent.data)) && fits;  // it may come twice
            EXPECT_GE(agent.data.version, before) << "never back to an older truth";
            if (!fits && agent.at) {
                agent.sent = 0;
                send(which);
            }
        }
    }
    void connect(std::size_t which, std::size_t to) {
        TestController& controller = controllers_[to];
        TestAgent& agent = agents_[which];
        if (sleeps(controller) || !controller.leads || controller.without_agent[which]) {
            return;
        }
        if (agent.data.version > controller.desired.version() &&
            (controller.without_store || !controller.desired.refresh(*disk_.stores[to]))) {
            return;
        }
        agent.at = to;
        agent.sent = agent.data.version;
        send(which);
    }

    // A member's turn in its group. What it says goes to the controller at which it is.
    void take_part(std::size_t which) {
        TestAgent& agent = agents_[which];
        for (; !agent.answers.empty() && agent.answers.front().at <= now_; agent.answers.pop_front()) {
            agent.member->take_state(agent.answers.front().state, agent.answers.front().asked_at);
        }
        if (agent.member->is_master(now_) && chance(20)) {
            const Instant last = agent.assignments.empty() ? now_ : agent.assignments.back().first;
            const Instant at = std::max(last, now_ + milliseconds{random_.below(8'000)});
            agent.assignments.emplace_back(at, agent.member->state().epoch);
        }
        if (!agent.at || sleeps(controllers_[*agent.at]) || controllers_[*agent.at].without_store) {
            return;
        }
        if (now_.time_since_epoch() % kGroupClaimInterval == kStep * static_cast<int>(which)) {
            claim(which);
        }
        for (; !agent.assignments.empty() && agent.assignments.front().first <= now_; agent.assignments.pop_front()) {
            pass_on(which, agent.assignments.front().second);
        }
    }
    void claim(std::size_t which) {
        TestAgent& agent = agents_[which];
        TestController& controller = controllers_[*agent.at];
        const GroupState state = controller.groups->claim(controller.desired.records().at(disk_.nodes[which]), now_);
        const Instant last = agent.answers.empty() ? now_ : agent.answers.back().at;
        agent.answers.push_back({std::max(last, now_ + milliseconds{random_.below(1'000)}), state, now_});
    }
    // A master's assignment, to all members that are at the same controller.
    void pass_on(std::size_t from, GroupEpoch epoch) {
        const TestController& controller = controllers_[*agents_[from].at];
        control::GroupTasks tasks;
        tasks.set_epoch(raw(epoch));
        for (const NodeId node : disk_.nodes) {
            control::ProbeTask& task = *tasks.add_tasks();
            task.set_member(raw(node));
            *task.mutable_target() = target_message({address("10.0.0.1"), 80, kNoNode});
        }
        const NodeRecord& record = controller.desired.records().at(disk_.nodes[from]);
        const auto told = controller.groups->assigned(record, tasks, controller.desired, now_);
        counts_.refused += told ? 0 : 1;
        for (std::size_t i = 0; told && i < kAgents; ++i) {
            if (agents_[i].at == agents_[from].at && told->contains(disk_.nodes[i])) {
                obey(i, from, GroupEpoch{told->at(disk_.nodes[i]).epoch()});
            }
        }
    }
    void obey(std::size_t which, std::size_t from, GroupEpoch epoch) {
        TestAgent& agent = agents_[which];
        if (!agent.member->obeys(epoch)) {
            ++counts_.refused;
            return;
        }
        ++counts_.obeyed;
        EXPECT_GE(epoch, agent.obeyed) << "never back to an earlier master";
        agent.obeyed = epoch;
        EXPECT_EQ(master_of_.try_emplace(epoch, from).first->second, from) << "one master an epoch";
    }

    Disk& disk_;
    Random random_;
    Instant now_{seconds{100}};
    std::array<TestController, kControllers> controllers_;
    std::array<TestAgent, kAgents> agents_;
    std::optional<std::size_t> holder_;  // of the lease, as etcd knows
    Instant held_until_{};
    Fence claimed_{};
    std::map<GroupEpoch, std::size_t> master_of_;
    Counts counts_;
};

TEST(FleetSimulation, OneTruthSurvivesWhateverHappens) {
    if (!shared_server().server) {
        GTEST_SKIP() << shared_server().why_not;
    }
    Disk disk;
    for (auto& store : disk.stores) {
        store = std::move(disk.backing.open({}).value());
    }
    for (std::uint8_t i = 1; i <= kAgents; ++i) {
        granted(disk.stores[0]->create_token(token_number(i), {.region = "eu"}, kNow));
        JoinRequest request{.token = token_number(i), .name = "n" + std::to_string(i)};
        request.address = address("10.0.0." + std::to_string(i));
        request.key.fill(i);
        disk.nodes.push_back(granted(disk.stores[0]->join(request, kNow)).id);
    }
    granted(disk.stores[0]->mark_seen(disk.nodes, kNow));
    World::Counts all;
    for (std::uint64_t seed = 0; seed < kSeeds && !testing::Test::HasFailure(); ++seed) {
        World world(disk, seed);
        world.run(seconds{12}, World::Weather::storm);
        world.heal();
        world.run(seconds{5}, World::Weather::fair);
        world.run(2 * kRound + seconds{3}, World::Weather::calm);
        world.expect_one_truth();
        world.expect_one_master();
        EXPECT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
        all.acknowledged += world.counts().acknowledged;
        all.obeyed += world.counts().obeyed;
        all.refused += world.counts().refused;
    }
    EXPECT_GT(all.acknowledged, kSeeds * 5) << "a simulation in which nothing happens proves nothing";
    EXPECT_GT(all.obeyed, kSeeds * 5);
    EXPECT_GT(all.refused, kSeeds / 10);
}

}  // namespace
}  // namespace izar
