#include "dataplane/tables/maglev.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <vector>

namespace izar {
namespace {

// Who owns each slot, by identity: comparable between member lists of different order.
std::vector<std::uint64_t> owners(const std::vector<MaglevMember>& members) {
    const auto table = std::make_unique<MaglevTable>();
    build_maglev(members, *table);
    std::vector<std::uint64_t> out;
    for (const std::uint8_t slot : table->slot) {
        out.push_back(slot == MaglevTable::kNobody ? 0 : members[slot].identity);
    }
    return out;
}

std::map<std::uint64_t, double> shares(const std::vector<std::uint64_t>& slots) {
    std::map<std::uint64_t, double> share;
    for (const std::uint64_t owner : slots) {
        share[owner] += 1.0 / static_cast<double>(slots.size());
    }
    return share;
}

std::vector<MaglevMember> any_members(std::size_t most) {
    const auto identities = *rc::gen::unique<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, 1U << 16));
    std::vector<MaglevMember> members;
    for (std::size_t i = 0; i < std::min(identities.size(), most); ++i) {
        members.push_back({identities[i], *rc::gen::inRange<std::uint32_t>(0, 100)});
    }
    return members;
}

double total_weight(const std::vector<MaglevMember>& members) {
    return std::accumulate(members.begin(), members.end(), 0.0, [](double sum, auto& m) { return sum + m.weight; });
}

TEST(Maglev, NobodyWithoutWeight) {
    const std::vector<std::uint64_t> nobody(kMaglevSlots, 0);
    EXPECT_EQ(owners({}), nobody);
    EXPECT_EQ(owners({{7, 0}, {8, 0}}), nobody);
}

TEST(Maglev, PickReadsTheSlotOfTheHash) {
    const auto table = std::make_unique<MaglevTable>();
    build_maglev(std::vector<MaglevMember>{{1, 1}, {2, 1}}, *table);
    EXPECT_EQ(table->pick(4092), table->slot[4092]);
    EXPECT_EQ(table->pick(4093), table->slot[0]);
    EXPECT_EQ(table->pick(~0ULL), table->slot[~0ULL % 4093]);
}

RC_GTEST_PROP(Maglev, ShareFollowsWeight, ()) {
    const auto members = any_members(kMaxEgresses);
    const double total = total_weight(members);
    RC_PRE(total > 0);
    const auto share = shares(owners(members));
    RC_ASSERT(!share.contains(0));
    for (const MaglevMember& member : members) {
        const double wanted = member.weight / total;
        const double got = share.contains(member.identity) ? share.at(member.identity) : 0;
        // Within 2 % of the weight, or within two slots where 2 % is less than that.
        RC_ASSERT(std::abs(got - wanted) <= std::max(0.02 * wanted, 2.0 / kMaglevSlots));
    }
}

RC_GTEST_PROP(Maglev, OrderOfMembersDoesNotMatter, ()) {
    auto members = any_members(kMaxEgresses);
    const auto before = owners(members);
    std::reverse(members.begin(), members.end());
    RC_ASSERT(owners(members) == before);
    std::rotate(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(members.size() / 3), members.end());
    RC_ASSERT(owners(members) == before);
}

// A member that leaves takes its own slots along; of the others at most 5 % change hands (typically 1 %).
RC_GTEST_PROP(Maglev, RemovalDisturbsFewOthers, ()) {
    auto members = any_members(kMaxEgresses);
    RC_PRE(members.size() >= 3);
    for (MaglevMember& member : members) {
        member.weight += 10;
    }
    const auto before = owners(members);
    const auto gone = members[*rc::gen::inRange<std::size_t>(0, members.size())].identity;
    std::erase_if(members, [&](const MaglevMember& m) { return m.identity == gone; });
    const auto after = owners(members);
    std::size_t lost = 0;
    std::size_t disturbed = 0;
    for (std::size_t i = 0; i < kMaglevSlots; ++i) {
        lost += before[i] == gone;
        disturbed += before[i] != gone && before[i] != after[i];
        RC_ASSERT(after[i] != gone);
    }
    RC_TAG(disturbed * 100 / kMaglevSlots);
    RC_ASSERT(lost > 0 && disturbed <= kMaglevSlots / 20);
}

// A weight that changes moves the slots that the shares ask for, and at most 5 % of all besides.
RC_GTEST_PROP(Maglev, AChangedWeightMovesLittleMoreThanItMust, ()) {
    auto members = any_members(kMaxEgresses);
    RC_PRE(members.size() >= 2);
    for (MaglevMember& member : members) {
        member.weight += 10;
    }
    const auto before = owners(members);
    const auto changed = *rc::gen::inRange<std::size_t>(0, members.size());
    members[changed].weight = std::max(1U, members[changed].weight * *rc::gen::inRange<std::uint32_t>(50, 200) / 100);
    const auto after = owners(members);
    auto difference = shares(after);
    for (const auto& [owner, share] : shares(before)) {
        difference[owner] -= share;
    }
    double must = 0;
    for (const auto& [owner, share] : difference) {
        must += std::max(share, 0.0);
    }
    const auto moved = std::inner_product(before.begin(), before.end(), after.begin(), 0, std::plus<>{},
                                          [](std::uint64_t a, std::uint64_t b) { return a == b ? 0 : 1; });
    RC_TAG(static_cast<int>(100 * (moved / double{kMaglevSlots} - must)));
    RC_ASSERT(moved <= (must + 0.05) * kMaglevSlots);
}

}  // namespace
}  // namespace izar
