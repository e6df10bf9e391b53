#include "tools/wan_emulator/packet_pool.h"

#include <sys/mman.h>

#include "dataplane/base/check.h"
#include "dataplane/base/types.h"

namespace izar::wan {

PacketPool::PacketPool(std::size_t slots) : bytes_(slots * kMaxFrameBytes), sizes_(slots) {
    // MAP_NORESERVE: only what is in flight at the same time ever becomes memory.
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    memory_ = static_cast<std::byte*>(memory);
    free_.reserve(slots);
    for (std::size_t i = slots; i > 0; --i) {
        free_.push_back(PacketSlot{static_cast<std::uint32_t>(i - 1)});
    }
}

PacketPool::~PacketPool() {
    munmap(memory_, bytes_);
}

PacketSlot PacketPool::take() {
    CHECK(!free_.empty());
    const PacketSlot slot = free_.back();
    free_.pop_back();
    return slot;
}

void PacketPool::give_back(PacketSlot slot) {
    CHECK(free_.size() < sizes_.size());
    free_.push_back(slot);
}

std::span<std::byte, kMaxFrameBytes> PacketPool::room(PacketSlot slot) noexcept {
    return std::span<std::byte, kMaxFrameBytes>{memory_ + raw(slot) * kMaxFrameBytes, kMaxFrameBytes};
}

void PacketPool::set_size(PacketSlot slot, std::size_t bytes) noexcept {
    CHECK(bytes <= kMaxFrameBytes);
    sizes_[raw(slot)] = static_cast<std::uint16_t>(bytes);
}

std::span<const std::byte> PacketPool::frame(PacketSlot slot) const noexcept {
    return {memory_ + raw(slot) * kMaxFrameBytes, sizes_[raw(slot)]};
}

}  // namespace izar::wan
