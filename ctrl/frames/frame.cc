#include "ctrl/frames/frame.h"

#include <fmt/format.h>

#include "dataplane/base/check.h"
#include "dataplane/base/release_memory.h"

namespace izar {
namespace {
constexpr std::size_t kKeptBytes = 4'096;  // of a buffer that is empty: idle connections are many
}

std::vector<std::uint8_t> frame_of(std::span<const std::uint8_t> payload) {
    CHECK(payload.size() <= kLongestFrame);
    std::vector<std::uint8_t> out;
    out.reserve(kFrameHeaderBytes + payload.size());
    out.push_back(kFrameVersion);
    for (const int shift : {16, 8, 0}) {
        out.push_back(static_cast<std::uint8_t>(payload.size() >> shift));
    }
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
}

void FrameReader::add(std::span<const std::uint8_t> bytes) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<std::span<const std::uint8_t>>> FrameReader::next() {
    const auto rest = std::span<const std::uint8_t>(bytes_).subspan(at_);
    if (!rest.empty() && rest[0] != kFrameVersion) {
        return fail(
            fmt::format("frame of version {}, this izar speaks {}; upgrade the older side", rest[0], kFrameVersion));
    }
    if (rest.empty() && bytes_.capacity() > kKeptBytes) {
        release_memory(bytes_);
        at_ = 0;
    }
    if (rest.size() < kFrameHeaderBytes) {
        return std::optional<std::span<const std::uint8_t>>{};
    }
    const std::size_t length = std::size_t{rest[1]} << 16 | std::size_t{rest[2]} << 8 | rest[3];
    if (length > longest_) {
        return fail(fmt::format("frame of {} bytes, at most {} are allowed here", length, longest_));
    }
    if (rest.size() < kFrameHeaderBytes + length) {
        return std::optional<std::span<const std::uint8_t>>{};
    }
    at_ += kFrameHeaderBytes + length;
    return std::optional(rest.subspan(kFrameHeaderBytes, length));
}

}  // namespace izar
