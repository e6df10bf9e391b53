// prune_test.cc -- The rule against path enumeration on random meshes, with and without backups and held links.
#include "sched/summary/prune.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "sched/summary/quantizer.h"

namespace izar {
namespace {

struct Mesh {
    RttMatrix direct;
    RttMatrix believed;
};

Mesh random_mesh(std::size_t nodes, bool symmetric, const Quantizer& quantizer, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::lognormal_distribution<float> rtt(4.0F, 1.0F);
    std::bernoulli_distribution unknown(0.05);
    Mesh mesh{RttMatrix(nodes), RttMatrix(nodes)};
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to)
            if (from != to) {
                const bool mirror = symmetric && to < from;
                const float cost = mirror ? mesh.direct.at(to, from) : (unknown(random) ? kUnknownRtt : rtt(random));
                mesh.direct.set(from, to, cost);
                mesh.believed.set(from, to, quantizer.round_up(cost));
            }
    return mesh;
}

// What a receiver reads: kept links only, fresh ones as quantized, others as it holds them.
RttMatrix received(const Mesh& mesh, const std::vector<KeptLink>& kept, const std::vector<HeldLink>& held) {
    RttMatrix result(mesh.direct.nodes());
    const bool symmetric = mesh.direct.symmetric();
    for (const auto& [link, fresh] : kept) {
        float cost = mesh.believed.at(link.from, link.to);
        if (!fresh)
            cost = std::find_if(held.begin(), held.end(), [&at = link](const HeldLink& h) {
                       return h.link == at;
                   })->believed;
        result.set(link.from, link.to, cost);
        if (symmetric)
            result.set(link.to, link.from, cost);
    }
    return result;
}

struct Path {
    float cost = kUnknownRtt;
    std::vector<std::size_t> relays;
};

// Visits every loopless path of at most two relays over the source's own row and `others`.
void for_each_path(const RttMatrix& own, const RttMatrix& others, std::size_t s, std::size_t t,
                   const std::function<void(const Path&)>& visit) {
    visit({own.at(s, t), {}});
    for (std::size_t b = 0; b < own.nodes(); ++b) {
        if (b == s || b == t)
            continue;
        visit({own.at(s, b) + others.at(b, t), {b}});
        for (std::size_t a = 0; a < own.nodes(); ++a)
            if (a != s && a != t && a != b)
                visit({own.at(s, a) + others.at(a, b) + others.at(b, t), {a, b}});
    }
}

Path best_path(const RttMatrix& own, const RttMatrix& others, std::size_t s, std::size_t t) {
    Path best;
    for_each_path(own, others, s, t, [&](const Path& path) {
        if (path.cost < best.cost)
            best = path;
    });
    return best;
}

void expect_rule(const Mesh& mesh, const RttMatrix& seen, float eps) {
    for (std::size_t s = 0; s < mesh.direct.nodes(); ++s)
        for (std::size_t t = 0; t < mesh.direct.nodes(); ++t) {
            if (s == t)
                continue;
            const float full = best_path(mesh.direct, mesh.direct, s, t).cost;
            const float reachable = best_path(mesh.direct, mesh.believed, s, t).cost;
            const float limit = std::max(full * (1.0F + eps), reachable) * (1.0F + 1e-5F);
            RC_ASSERT(best_path(mesh.direct, seen, s, t).cost <= limit);
        }
}

RC_GTEST_PROP(Prune, EveryPairKeepsAPathWithinTheBound, ()) {
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 19);
    const auto eps = static_cast<float>(*rc::gen::inRange(0, 300)) / 1000.0F;
    const Quantizer quantizer(*rc::gen::inRange(3, 12));
    const auto mesh = random_mesh(nodes, *rc::gen::arbitrary<bool>(), quantizer, *rc::gen::arbitrary<std::uint32_t>());
    const auto kept = prune_links(mesh.direct, mesh.believed, {.eps = eps, .backup_eps = std::nullopt});
    expect_rule(mesh, received(mesh, kept, {}), eps);
}

RC_GTEST_PROP(Prune, HeldBeliefsAreUsedAndBetteredOnlyWhereNeeded, ()) {
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 16);
    const Quantizer quantizer(7);
    const auto symmetric = *rc::gen::arbitrary<bool>();
    const auto mesh = random_mesh(nodes, symmetric, quantizer, *rc::gen::arbitrary<std::uint32_t>());
    std::vector<HeldLink> held;
    for (std::uint16_t from = 0; from < nodes; ++from)
        for (std::uint16_t to = 0; to < nodes; ++to)
            if (from != to && (!symmetric || from < to) && mesh.direct.at(from, to) != kUnknownRtt &&
                *rc::gen::inRange(0, 3) == 0)
                held.push_back({{from, to}, mesh.direct.at(from, to) * static_cast<float>(*rc::gen::inRange(1, 4))});
    const auto kept = prune_links(mesh.direct, mesh.believed, {.eps = 0.05F, .backup_eps = std::nullopt}, held);
    for (const auto& link : held)
        RC_ASSERT(std::any_of(kept.begin(), kept.end(), [&](const KeptLink& k) { return k.link == link.link; }));
    expect_rule(mesh, received(mesh, kept, held), 0.05F);
    RC_ASSERT(std::is_sorted(kept.begin(), kept.end(), [](auto& a, auto& b) { return a.link < b.link; }));
}

RC_GTEST_PROP(Prune, BackupsSurvive, ()) {
    const auto nodes = *rc::gen::inRange<std::size_t>(3, 14);
    const Quantizer quantizer(9);
    const auto mesh = random_mesh(nodes, *rc::gen::arbitrary<bool>(), quantizer, *rc::gen::arbitrary<std::uint32_t>());
    constexpr float kEps = 0.1F;
    const auto kept = prune_links(mesh.direct, mesh.believed, {.eps = 0.03F, .backup_eps = kEps});
    const auto seen = received(mesh, kept, {});
    expect_rule(mesh, seen, 0.03F);
    for (std::size_t s = 0; s < nodes; ++s)
        for (std::size_t t = 0; t < nodes; ++t) {
            if (s == t)
                continue;
            const auto primary = best_path(mesh.direct, seen, s, t).relays;
            const auto disjoint = [&](const Path& path) {
                return primary.empty() ? !path.relays.empty()
                                       : std::none_of(path.relays.begin(), path.relays.end(), [&](std::size_t relay) {
                                             return std::find(primary.begin(), primary.end(), relay) != primary.end();
                                         });
            };
            float full = kUnknownRtt;
            for_each_path(mesh.direct, mesh.direct, s, t, [&](const Path& path) {
                if (path.relays.size() <= 1 && disjoint(path))
                    full = std::min(full, path.cost);
            });
            float have = kUnknownRtt;
            for_each_path(mesh.direct, seen, s, t, [&](const Path& path) {
                if (disjoint(path))
                    have = std::min(have, path.cost);
            });
            RC_ASSERT(have <= full * (1.0F + kEps) * (1.0F + 1e-5F));
        }
}

TEST(Prune, KeepsNothingWhereDirectIsBest) {
    RttMatrix mesh(4);
    for (std::size_t from = 0; from < 4; ++from)
        for (std::size_t to = 0; to < 4; ++to)
            if (from != to)
                mesh.set(from, to, 10.0F);
    EXPECT_TRUE(prune_links(mesh, mesh, {.eps = 0.0F, .backup_eps = std::nullopt}).empty());
}

TEST(Prune, KeepsTheSecondAndThirdLinkOfAChainButNotTheFirst) {
    RttMatrix mesh(4);
    for (std::size_t from = 0; from < 4; ++from)
        for (std::size_t to = 0; to < 4; ++to)
            if (from != to)
                mesh.set(from, to, 100.0F);
    mesh.set(0, 1, 1.0F);
    mesh.set(1, 2, 1.0F);
    mesh.set(2, 3, 1.0F);
    const auto kept = prune_links(mesh, mesh, {.eps = 0.5F, .backup_eps = std::nullopt});
    EXPECT_EQ(kept, (std::vector<KeptLink>{{{1, 2}, true}, {{2, 3}, true}}));
}

}  // namespace
}  // namespace izar
