#include "tools/wan_emulator/impairment.h"

namespace izar::wan {
namespace {

// Finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;

enum class Draw : std::uint64_t { loss = 1, duplicate = 2, reorder = 3, jitter = 4 };

// Uniform in [0, 1).
double uniform(std::uint64_t packet, Draw draw) noexcept {
    const std::uint64_t bits = mix(packet + static_cast<std::uint64_t>(draw) * kGolden);
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace

Fate fate_of(const LinkIdentity& link, std::uint64_t n, const LinkProfile& profile) noexcept {
    const std::uint64_t direction = (std::uint64_t{raw(link.source)} << 16) | raw(link.destination);
    const std::uint64_t packet = mix(mix(mix(link.seed + kGolden) ^ direction) + n * kGolden);
    return {
        .lost = uniform(packet, Draw::loss) < profile.loss,
        .duplicated = uniform(packet, Draw::duplicate) < profile.duplicate,
        .reordered = uniform(packet, Draw::reorder) < profile.reorder,
        .jitter = 2 * uniform(packet, Draw::jitter) - 1,
    };
}

}  // namespace izar::wan
