#include "dataplane/stages/find_flow.h"

#include <array>
#include <bit>
#include <span>

#include "dataplane/stages/families.h"
#include "dataplane/stages/open_flow.h"
#include "dataplane/stages/open_session.h"

namespace izar {
namespace {

// The lcore whose flow table knows the key: for what comes from an origin the owner of the NAT port, else
// the owner of the client's key.
template <typename Address>
LcoreIndex owner_of(const Burst& burst, unsigned lane, const FlowKey<Address>& key, std::uint64_t hash,
                    const Shared& shared) noexcept {
    const bool from_port = burst.note[lane].way == Way::plain;
    if (from_port && shared.interfaces.is_egress(IpAddress{key.destination})) {
        return nat_port_owner(key.destination_port.value(), shared.lcores);
    }
    return flow_owner(hash, shared.lcores);
}

// Lanes whose flows other lcores own.
class OthersLanes {
  public:
    void add(unsigned lane, LcoreIndex owner) noexcept {
        lanes_.add(lane);
        owner_[lane] = owner;
        owners_ |= 1U << raw(owner);
    }

    // Gives each owner its own, all at once.
    void hand_over(Burst& burst, LcoreState& lcore) noexcept {
        for (; owners_ != 0; owners_ &= owners_ - 1) {
            const LcoreIndex owner{static_cast<std::uint8_t>(std::countr_zero(owners_))};
            LaneList given;
            std::array<rte_mbuf*, kMaxBurst> packets;
            for (const unsigned lane : lanes_) {
                if (owner_[lane] == owner) {
                    attach_note(burst.mbuf[lane], burst.note[lane]);
                    packets[given.size()] = burst.mbuf[lane];
                    given.add(lane);
                }
            }
            const std::size_t taken =
                lcore.shared.hand_over.put(lcore.index, owner, std::span{packets}.first(given.size()));
            for (unsigned i = 0; i < given.size(); ++i) {
                burst.verdict[given[i]] = i < taken ? Verdict::hand_over : Verdict::ring_full;
            }
        }
    }

  private:
    LaneList lanes_;
    std::array<LcoreIndex, kMaxBurst> owner_;  // of the lanes in lanes_
    std::uint32_t owners_ = 0;                 // a bit for each lcore that owns one
};
static_assert(kMaxLcores <= 32);

// A lane whose flow is known: which way it goes, and whether this node still has to become its egress.
template <typename Address>
void enter_known(Burst& burst, unsigned lane, FlowRef ref, LcoreState& lcore, const Published& published) noexcept {
    burst.flow[lane] = ref;
    const bool from_overlay = burst.note[lane].way == Way::egress;
    if (ref.direction() == Direction::reply) {
        if (from_overlay) {  // an origin's packets come from a port: this one only claims to be such
            burst.verdict[lane] = Verdict::unknown_service;
        } else {
            burst.reply.add(lane);
        }
        return;
    }
    if (from_overlay && !FamilyOf<Address>::flows(lcore)[ref].has_session()) {
        open_session<Address>(burst, lane, ref, lcore, published);
        return;
    }
    burst.forward.add(lane);
}

template <typename Address>
void find_family(Burst& burst, LaneList& lanes, LcoreState& lcore, const Published& published, Instant now) noexcept {
    auto& flows = FamilyOf<Address>::flows(lcore);
    std::array<FlowKey<Address>, kMaxBurst> keys;
    std::array<std::uint64_t, kMaxBurst> hashes;
    std::array<FlowRef, kMaxBurst> found;
    LaneList mine;
    OthersLanes others;
    for (const unsigned lane : lanes) {
        const unsigned at = mine.size();
        burst.ahead.fetch_frame(at);
        read_key(burst, lane, keys[at]);
        hashes[at] = flows.hash(keys[at]);
        burst.hash[lane] = hashes[at];
        if (lcore.shared.lcores > 1) {
            const LcoreIndex owner = owner_of(burst, lane, keys[at], hashes[at], lcore.shared);
            if (owner != lcore.index) {
                others.add(lane, owner);
                continue;
            }
        }
        mine.add(lane);
    }
    lanes.clear();
    others.hand_over(burst, lcore);
    const std::size_t n = mine.size();
    flows.find_bulk(std::span(keys).first(n), std::span(hashes).first(n), std::span(found).first(n));
    std::array<NewFlow<Address>, kMaxBurst> unknown;
    std::size_t unknown_count = 0;
    for (unsigned i = 0; i < n; ++i) {
        if (found[i]) {
            enter_known<Address>(burst, mine[i], found[i], lcore, published);
        } else {
            unknown[unknown_count++] = {mine[i], keys[i], hashes[i]};
        }
    }
    if (unknown_count != 0) {
        open_flows<Address>(burst, std::span{unknown}.first(unknown_count), lcore, published, now);
    }
}

}  // namespace

void find_flow(Burst& burst, LcoreState& lcore, const Published& published, Instant now) noexcept {
    if (!burst.ipv4.empty()) {
        find_family<Ipv4Address>(burst, burst.ipv4, lcore, published, now);
    }
    if (!burst.ipv6.empty()) {
        find_family<Ipv6Address>(burst, burst.ipv6, lcore, published, now);
    }
}

}  // namespace izar
