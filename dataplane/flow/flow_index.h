// flow_index.h -- FlowIndex: finds 32-bit values by 64-bit hashes, in cache-line buckets that fill to 90 % and more.
//
// Thread: owned by one lcore.
//
// A partial-key cuckoo table (Fan et al., "MemC3", NSDI 2013; "Cuckoo Filter", CoNEXT 2014). A hash has two
// buckets and a 16-bit tag. The second bucket follows from the first and the tag alone, so that an item
// can be moved to its other bucket without reading its key. The index does not know keys: match() says which
// slots of a bucket may hold one, and the caller compares.
//
//   bucket:  8 x tag (16 bits, 0 = empty) | 16 bytes unused | 8 x value (32 bits)
#pragma once

#include <emmintrin.h>

#include <cstddef>
#include <cstdint>

#include "dataplane/flow/fixed_memory.h"

namespace izar {

class FlowIndex {
  public:
    static constexpr std::size_t kSlots = 8;
    static constexpr std::size_t kFillPercent = 90;  // of the slots, when `items` items are in

    struct alignas(64) Bucket {
        std::uint16_t tag[kSlots];
        std::uint8_t unused[16];
        std::uint32_t value[kSlots];
    };
    static_assert(sizeof(Bucket) == 64);

    // The two places where an item with some hash can be.
    struct Place {
        std::uint32_t first;
        std::uint32_t second;
        std::uint16_t tag;
    };

    // An index for `items` items, at least 1.
    static Result<FlowIndex> make(std::size_t items);

    Place place(std::uint64_t hash) const noexcept {
        const std::uint32_t first = first_bucket(hash);
        return {first, other_bucket(first, tag_of(hash)), tag_of(hash)};
    }
    // The two of them that the first look at a hash needs.
    std::uint32_t first_bucket(std::uint64_t hash) const noexcept { return scale(static_cast<std::uint32_t>(hash)); }
    static std::uint16_t tag_of(std::uint64_t hash) noexcept {
        const auto bits = static_cast<std::uint16_t>(hash >> 32);
        return static_cast<std::uint16_t>(bits + (bits == 0));  // 0 means empty
    }
    const Bucket& bucket(std::uint32_t index) const noexcept { return buckets()[index]; }

    // Bit i is set if slot i of the bucket has this tag.
    static unsigned match(const Bucket& bucket, std::uint16_t tag) noexcept {
        const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(bucket.tag));
        const __m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16(static_cast<short>(tag)));
        return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())));
    }

    // Adds an item, moving others to their second place where needed. False if no way was found within the
    // bound of the search; then nothing has changed.
    bool insert(std::uint64_t hash, std::uint32_t value) noexcept;
    // Removes the item, which must be in.
    void erase(std::uint64_t hash, std::uint32_t value) noexcept;

    std::size_t bytes() const noexcept { return memory_.bytes(); }

  private:
    // Even map of 32 bits to a bucket number, for any number of buckets.
    std::uint32_t scale(std::uint32_t bits) const noexcept {
        return static_cast<std::uint32_t>((std::uint64_t{bits} * bucket_count_) >> 32);
    }
    // Its own inverse: the two buckets of a tag add up to the same number modulo the bucket count.
    std::uint32_t other_bucket(std::uint32_t bucket, std::uint16_t tag) const noexcept {
        const std::uint32_t sum = scale(tag * 0x9E3779B1U);
        return sum >= bucket ? sum - bucket : sum - bucket + bucket_count_;
    }
    Bucket* buckets() const noexcept { return static_cast<Bucket*>(memory_.data()); }
    bool make_room(const Place& place, std::uint32_t& bucket, unsigned& slot) noexcept;

    FixedMemory memory_;
    std::uint32_t bucket_count_ = 0;
};

}  // namespace izar
