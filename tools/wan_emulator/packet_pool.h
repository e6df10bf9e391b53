// packet_pool.h -- Fixed memory for the frames that the emulator holds.
//
// Thread: owned by the emulator's one thread. Memory is reserved at construction and touched when used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace izar::wan {

inline constexpr std::size_t kMaxFrameBytes = 2048;

enum class PacketSlot : std::uint32_t {};

class PacketPool {
  public:
    explicit PacketPool(std::size_t slots);
    ~PacketPool();
    PacketPool(const PacketPool&) = delete;
    PacketPool& operator=(const PacketPool&) = delete;

    std::size_t available() const noexcept { return free_.size(); }
    PacketSlot take();  // requires available() > 0
    void give_back(PacketSlot slot);

    // The whole slot, for writing.
    std::span<std::byte, kMaxFrameBytes> room(PacketSlot slot) noexcept;
    void set_size(PacketSlot slot, std::size_t bytes) noexcept;
    std::span<const std::byte> frame(PacketSlot slot) const noexcept;

  private:
    std::byte* memory_;
    std::size_t bytes_;
    std::vector<std::uint16_t> sizes_;
    std::vector<PacketSlot> free_;  // a stack: the slot used last is warm in the cache
};

}  // namespace izar::wan
