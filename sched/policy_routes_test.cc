#include "sched/policy_routes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>

#include "sched/testing/test_node.h"

namespace izar {
namespace {

constexpr Instant kNow{std::chrono::hours{1}};

// A fleet in two regions with random links from node 0's point of view.
struct RandomMesh {
    explicit RandomMesh(std::size_t nodes) : fleet(make_fleet(nodes, 0)) {
        for (std::size_t i = 0; i < nodes; ++i) {
            std::strcpy(fleet->nodes[i].region, i % 2 == 0 ? "eu" : "us");
        }
        mesh.set_fleet(*fleet);
        FeedUpdate feed;
        for (std::size_t from = 0; from < nodes; ++from) {
            for (std::size_t to = 0; to < nodes; ++to) {
                const auto rtt = std::chrono::microseconds{*rc::gen::inRange(1'000, 100'000)};
                if (from == to || *rc::gen::inRange(0, 5) == 0) {
                    continue;
                }
                if (from == 0) {
                    LinkReport report;
                    report.link = slot_at(to);
                    report.at = kNow;
                    report.rtt = {.least = rtt, .mean = rtt, .count = 1};
                    mesh.take(report);
                } else {
                    feed.links.push_back({.from = id_at(from), .to = id_at(to), .rtt = rtt});
                }
            }
        }
        mesh.take(feed, kNow);
    }
    PlanContext context() const { return {.mesh = mesh, .fleet = *fleet, .overlay_mtu = 1500, .now = kNow}; }

    std::shared_ptr<Fleet> fleet;
    Mesh mesh;
};

PolicyRoutes planned(const RandomMesh& world, const RoutingPolicy& policy) {
    PolicyRoutes routes;
    routes.set_policy(policy);
    routes.set_fleet(*world.fleet, nullptr);
    routes.price_all(world.context());
    routes.plan(world.context());
    return routes;
}

// No path in the table, primary, backup or any other, may lead over a forbidden node.
RC_GTEST_PROP(PolicyRoutes, AForbiddenNodeIsOnNoPath, ()) {
    const auto nodes = *rc::gen::inRange<std::size_t>(3, 12);
    const RandomMesh world(nodes);
    RoutingPolicy policy;
    policy.spread = *rc::gen::arbitrary<bool>();
    policy.spread_margin = 0.5;
    const auto forbidden = *rc::gen::inRange<std::size_t>(1, nodes);
    policy.forbidden_nodes = {fmt::format("n{}", forbidden)};
    if (*rc::gen::arbitrary<bool>()) {
        policy.forbidden_regions = {"us"};
    }
    const PolicyRoutes routes = planned(world, policy);
    const auto table = std::make_unique<RouteTable>();
    const PolicyIndex index{static_cast<std::uint8_t>(*rc::gen::inRange<int>(0, kMaxPolicies))};
    routes.write_to(*table, index);
    const auto may_carry_node = [&](NodeId id) { return may_carry(policy, world.fleet->node(world.fleet->slot(id))); };
    for (std::size_t to = 1; to < nodes; ++to) {
        const Destination& destination = table->to(index, slot_at(to));
        for (std::size_t i = 0; i < destination.path_count; ++i) {
            const Path& path = destination.path[i];
            for (std::size_t s = 0; s + 1 < path.length; ++s) {
                RC_ASSERT(may_carry_node(path.segments[s]));
            }
        }
    }
    const auto shares = routes.egress_shares(world.context());
    for (std::size_t to = 1; to < nodes; ++to) {
        const bool reachable = routes.planner().route(slot_at(to)).primary.exists();
        RC_ASSERT((shares[to] > 0) == (reachable && may_carry_node(id_at(to))));
    }
}

// A policy's part of the table is its own: nothing else is touched.
RC_GTEST_PROP(PolicyRoutes, WritesItsOwnPartOnly, ()) {
    const RandomMesh world(6);
    const PolicyRoutes routes = planned(world, {});
    const auto table = std::make_unique<RouteTable>();
    for (Destination& destination : table->destination) {
        destination.path_count = 99;
    }
    const auto own = static_cast<std::size_t>(*rc::gen::inRange<int>(0, kMaxPolicies));
    routes.write_to(*table, PolicyIndex{static_cast<std::uint8_t>(own)});
    for (std::size_t i = 0; i < table->destination.size(); ++i) {
        RC_ASSERT((table->destination[i].path_count == 99) == (i / kMaxNodes != own));
    }
}

}  // namespace
}  // namespace izar
