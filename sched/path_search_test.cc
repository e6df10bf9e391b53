#include "sched/path_search.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "sched/testing/graphs.h"

namespace izar {
namespace {

struct Example {
    CostMatrix costs;
    NodeSlot self;
    NodeSlot to;
    std::vector<bool> may_relay;
};

Example random_example() {
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 24);
    const auto self = *rc::gen::inRange<std::size_t>(0, nodes);
    const auto distance = *rc::gen::inRange<std::size_t>(1, nodes);
    // Few different costs make ties, few links make dead ends.
    Example example{random_costs(nodes, *rc::gen::element<Cost>(3, 1'000, kWorstCost), *rc::gen::element(0u, 2u, 8u)),
                    slot_at(self), slot_at((self + distance) % nodes), std::vector<bool>(nodes, true)};
    for (std::size_t i = 0; i < nodes; ++i) {
        example.may_relay[i] = *rc::gen::inRange(0, 8) != 0;
    }
    return example;
}

PathSearch search_of(const Example& example) {
    PathSearch search{example.costs, example.self};
    search.set_relays(example.may_relay);
    search.rebuild();
    return search;
}

std::vector<RelayPath> all_paths(const Example& example) {
    return all_paths(example.costs, example.self, example.to, example.may_relay);
}

std::set<NodeSlot> relays_of(const RelayPath& path) {
    std::set<NodeSlot> relays{path.relay.begin(), path.relay.end()};
    relays.erase(kNoSlot);
    return relays;
}

std::set<std::pair<NodeSlot, NodeSlot>> links_of(const Example& example, const RelayPath& path) {
    std::set<std::pair<NodeSlot, NodeSlot>> links;
    NodeSlot from = example.self;
    for (const NodeSlot next : {path.relay[0], path.relay[1], example.to}) {
        if (next != kNoSlot) {
            links.insert({from, next});
            from = next;
        }
    }
    return links;
}

template <typename T>
bool disjoint(const std::set<T>& a, const std::set<T>& b) {
    return std::ranges::none_of(a, [&](const T& x) { return b.contains(x); });
}

RC_GTEST_PROP(PathSearch, FindsTheBestPath, ()) {
    const Example example = random_example();
    const auto paths = all_paths(example);
    const RelayPath best = search_of(example).best(example.to);
    RC_ASSERT(best.exists() == !paths.empty());
    if (best.exists()) {
        RC_ASSERT(best.cost == paths[0].cost);
        RC_ASSERT(
            std::ranges::any_of(paths, [&](const RelayPath& p) { return p.same_way(best) && p.cost == best.cost; }));
    }
}

RC_GTEST_PROP(PathSearch, FindsTheKBestPaths, ()) {
    const Example example = random_example();
    const auto paths = all_paths(example);
    const auto count = *rc::gen::inRange<std::size_t>(1, kMaxPaths + 1);
    const auto found = search_of(example).k_best(example.to, count);
    RC_ASSERT(found.size() == std::min(count, paths.size()));
    std::set<std::array<NodeSlot, 2>> different;
    for (std::size_t i = 0; i < found.size(); ++i) {
        RC_ASSERT(found[i].cost == paths[i].cost);
        RC_ASSERT(std::ranges::any_of(paths, [&](const RelayPath& p) { return p.same_way(found[i]); }));
        RC_ASSERT(different.insert(found[i].relay).second);
    }
}

// The primary may be any path, not only the best: hysteresis keeps old ones.
RC_GTEST_PROP(PathSearch, FindsTheBestBackupOfAnyPath, ()) {
    const Example example = random_example();
    const auto paths = all_paths(example);
    RC_PRE(!paths.empty());
    const RelayPath primary = *rc::gen::elementOf(paths);
    const auto cheapest = [&](auto accept) {
        const auto found = std::ranges::find_if(paths, accept);
        return found == paths.end() ? kUnknownCost : found->cost;
    };
    const auto no_relay_shared = [&](const RelayPath& p) {
        return !p.same_way(primary) && disjoint(relays_of(p), relays_of(primary));
    };
    const auto no_link_shared = [&](const RelayPath& p) {
        return disjoint(links_of(example, p), links_of(example, primary));
    };
    const auto other_start = [&](const RelayPath& p) {
        return p.first_hop(example.to) != primary.first_hop(example.to);
    };
    const RelayPath backup = search_of(example).best_avoiding(example.to, primary);
    if (const Cost cost = cheapest([&](const RelayPath& p) { return no_relay_shared(p) && no_link_shared(p); });
        cost < kUnknownCost) {
        RC_ASSERT(no_relay_shared(backup));
        RC_ASSERT(backup.cost == cost);
    } else if (const Cost second = cheapest(no_link_shared); second < kUnknownCost) {
        RC_ASSERT(no_link_shared(backup));
        RC_ASSERT(backup.cost == second);
    } else {
        RC_ASSERT(backup.cost == cheapest(other_start));
        RC_ASSERT(!backup.exists() || other_start(backup));
    }
}

RC_GTEST_PROP(PathSearch, FollowsSingleLinksAsIfItReadTheWholeMatrix, ()) {
    Example example = random_example();
    PathSearch search = search_of(example);
    for (int i = 0; i < 20; ++i) {
        const auto from = slot_at(*rc::gen::inRange<std::size_t>(0, example.costs.nodes()));
        const auto to = slot_at(*rc::gen::inRange<std::size_t>(0, example.costs.nodes()));
        if (from == to) {
            continue;
        }
        example.costs.set(from, to, *rc::gen::element<Cost>(1, 2, 500, kUnknownCost));
        search.link_changed(from, to);
        const PathSearch fresh = search_of(example);
        for (std::size_t d = 0; d < example.costs.nodes(); ++d) {
            RC_ASSERT(d == raw(example.self) || search.best(slot_at(d)).same_way(fresh.best(slot_at(d))));
            RC_ASSERT(d == raw(example.self) ||
                      std::ranges::equal(search.k_best(slot_at(d), 4), fresh.k_best(slot_at(d), 4), {},
                                         &RelayPath::cost, &RelayPath::cost));
        }
    }
}

RC_GTEST_PROP(PathSearch, ScalingAllLinksChangesNoChoice, ()) {
    Example example = random_example();
    const RelayPath before = search_of(example).best(example.to);
    RC_PRE(before.exists() && before.cost < kUnknownCost / 7);
    for (std::size_t from = 0; from < example.costs.nodes(); ++from) {
        for (std::size_t to = 0; to < example.costs.nodes(); ++to) {
            const Cost cost = example.costs.at(slot_at(from), slot_at(to));
            if (cost < kUnknownCost) {
                example.costs.set(slot_at(from), slot_at(to), std::min(cost * 7, kWorstCost));
            }
        }
    }
    const RelayPath after = search_of(example).best(example.to);
    RC_ASSERT(after.same_way(before));
    RC_ASSERT(after.cost == before.cost * 7);
}

RC_GTEST_PROP(PathSearch, AWorseLinkChangesNothing, ()) {
    Example example = random_example();
    const RelayPath before = search_of(example).best(example.to);
    const auto from = slot_at(*rc::gen::inRange<std::size_t>(0, example.costs.nodes()));
    const auto distance = *rc::gen::inRange<std::size_t>(1, example.costs.nodes());
    const auto to = slot_at((raw(from) + distance) % example.costs.nodes());
    const bool on_path = links_of(example, before).contains({from, to});
    RC_PRE(before.exists() && before.cost < kWorstCost && !on_path);
    example.costs.set(from, to, kUnknownCost);
    const RelayPath without = search_of(example).best(example.to);
    example.costs.set(from, to, before.cost + 1);
    RC_ASSERT(search_of(example).best(example.to).same_way(without));
    RC_ASSERT(without.same_way(before) || without.cost == before.cost);
}

RC_GTEST_PROP(PathSearch, RemovingTheFirstLinkOfTheBestYieldsNoBetterThanItsBackup, ()) {
    Example example = random_example();
    const RelayPath best = search_of(example).best(example.to);
    const RelayPath backup = search_of(example).best_avoiding(example.to, best);
    RC_PRE(backup.exists());
    example.costs.set(example.self, best.first_hop(example.to), kUnknownCost);
    const RelayPath next = search_of(example).best(example.to);
    RC_ASSERT(next.exists() && next.cost >= best.cost && next.cost <= backup.cost);
}

TEST(PathSearch, PrefersTheDirectLinkAmongEqualPaths) {
    CostMatrix costs{3};
    costs.set(slot_at(0), slot_at(2), 10);
    costs.set(slot_at(0), slot_at(1), 5);
    costs.set(slot_at(1), slot_at(2), 5);
    EXPECT_EQ(PathSearch(costs, slot_at(0)).best(slot_at(2)).relays(), 0u);
}

TEST(PathSearch, HoldsAFullFleet) {
    CostMatrix costs{kMaxNodes};
    for (std::size_t i = 0; i + 1 < kMaxNodes; ++i) {
        costs.set(slot_at(kMaxNodes - 1), slot_at(i), 1'000);
        costs.set(slot_at(i), slot_at((i + 1) % (kMaxNodes - 1)), 7);
    }
    const PathSearch search{costs, slot_at(kMaxNodes - 1)};
    EXPECT_EQ(search.best(slot_at(5)).cost, 1'000u);
    const auto paths = search.k_best(slot_at(5), 3);
    ASSERT_EQ(paths.size(), 3u);
    EXPECT_EQ(paths[1].cost, 1'007u);
    EXPECT_EQ(paths[2].relay, (std::array{slot_at(3), slot_at(4)}));
}

}  // namespace
}  // namespace izar
