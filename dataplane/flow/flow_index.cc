#include "dataplane/flow/flow_index.h"

#include <array>
#include <bit>

#include "dataplane/base/check.h"

namespace izar {
namespace {

// How many buckets a search for room looks at. At 90 % fill a free slot is met after a handful; the bound
// is for the hopeless case, and keeps it at some microseconds.
constexpr std::size_t kSearchedBuckets = 256;

// A bucket of the search, and how it was reached: by moving slot `slot` of the bucket of step `from`.
struct Step {
    std::uint32_t bucket;
    std::uint16_t from;
    std::uint8_t slot;
};
constexpr std::uint16_t kStart = 0xFFFF;

unsigned first_free(const FlowIndex::Bucket& bucket) {
    const unsigned free = FlowIndex::match(bucket, 0);
    return free == 0 ? FlowIndex::kSlots : static_cast<unsigned>(std::countr_zero(free));
}

}  // namespace

Result<FlowIndex> FlowIndex::make(std::size_t items) {
    FlowIndex index;
    const std::size_t count = items * 100 / (kSlots * kFillPercent) + 2;
    auto memory = FixedMemory::make(count * sizeof(Bucket));
    if (!memory) {
        return tl::unexpected(memory.error());
    }
    index.memory_ = std::move(*memory);
    index.bucket_count_ = static_cast<std::uint32_t>(index.memory_.bytes() / sizeof(Bucket));
    return index;
}

bool FlowIndex::insert(std::uint64_t hash, std::uint32_t value) noexcept {
    const Place where = place(hash);
    std::uint32_t target = where.first;
    unsigned slot = first_free(buckets()[target]);
    if (slot == kSlots) {
        target = where.second;
        slot = first_free(buckets()[target]);
    }
    if (slot == kSlots && !make_room(where, target, slot)) {
        return false;
    }
    buckets()[target].tag[slot] = where.tag;
    buckets()[target].value[slot] = value;
    return true;
}

// Breadth-first over the moves that could free a slot of either place, so the chain of moves is the shortest there
// is. It never passes a bucket twice: all that is behind a bucket was queued at its first visit.
bool FlowIndex::make_room(const Place& place, std::uint32_t& bucket, unsigned& slot) noexcept {
    std::array<Step, kSearchedBuckets> steps;
    steps[0] = {place.first, kStart, 0};
    steps[1] = {place.second, kStart, 0};
    std::size_t count = 2;
    for (std::size_t at = 0; at < count && count < kSearchedBuckets; ++at) {
        const Bucket& full = buckets()[steps[at].bucket];
        for (unsigned s = 0; s < kSlots && count < kSearchedBuckets; ++s) {
            const std::uint32_t other = other_bucket(steps[at].bucket, full.tag[s]);
            if (other == steps[at].bucket) {
                continue;
            }
            steps[count] = {other, static_cast<std::uint16_t>(at), static_cast<std::uint8_t>(s)};
            unsigned hole = first_free(buckets()[other]);
            if (hole == kSlots) {
                ++count;
                continue;
            }
            // Moves every item of the chain one step on, from its end to its start.
            for (Step step = steps[count]; step.from != kStart; step = steps[step.from]) {
                Bucket& source = buckets()[steps[step.from].bucket];
                buckets()[step.bucket].tag[hole] = source.tag[step.slot];
                buckets()[step.bucket].value[hole] = source.value[step.slot];
                hole = step.slot;
                bucket = steps[step.from].bucket;
            }
            slot = hole;
            return true;
        }
    }
    return false;
}

void FlowIndex::erase(std::uint64_t hash, std::uint32_t value) noexcept {
    const Place where = place(hash);
    for (const std::uint32_t candidate : {where.first, where.second}) {
        Bucket& bucket = buckets()[candidate];
        for (unsigned matches = match(bucket, where.tag); matches != 0; matches &= matches - 1) {
            const auto slot = static_cast<unsigned>(std::countr_zero(matches));
            if (bucket.value[slot] == value) {
                bucket.tag[slot] = 0;
                return;
            }
        }
    }
    CHECK(!"the item is in the index");
}

}  // namespace izar
