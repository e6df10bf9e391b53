// frame.h -- Frames: how messages lie in a stream of bytes between agent and controller.
//
//   | byte 0  | bytes 1..3             | then           |
//   | version | length, big-endian     | that many bytes |
//
// Thread: values; a FrameReader belongs to one connection.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/base/result.h"

namespace izar {

inline constexpr std::uint8_t kFrameVersion = 1;
inline constexpr std::size_t kFrameHeaderBytes = 4;
inline constexpr std::size_t kLongestFrame = std::size_t{4} << 20;  // payload; 1,024 nodes and 4,096 services: 1.3 MiB
inline constexpr std::size_t kLongestFirstFrame = std::size_t{32} << 10;  // from a peer not yet known
static_assert(kLongestFrame < (1U << 24));

// The frame with its header. Requires payload.size() <= kLongestFrame.
std::vector<std::uint8_t> frame_of(std::span<const std::uint8_t> payload);

class FrameReader {
  public:
    explicit FrameReader(std::size_t longest = kLongestFrame) : longest_(longest) {}

    void set_longest(std::size_t longest) noexcept { longest_ = longest; }
    void add(std::span<const std::uint8_t> bytes);
    // The payload of the next whole frame, valid until the next call of add() or next(); nothing if it is not all
    // there; an error if this is no frame, or one too long: nothing after it can be read.
    Result<std::optional<std::span<const std::uint8_t>>> next();

  private:
    std::size_t longest_;
    std::vector<std::uint8_t> bytes_;
    std::size_t at_ = 0;  // of bytes_, where the next frame begins
};

}  // namespace izar
