// verdict.h -- Verdict: what became of a packet. Generated from verdict.def.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace izar {

enum class Fate : std::uint8_t { pending, sent, handed, held, consumed, dropped };

enum class Verdict : std::uint8_t {
#define VERDICT(name, fate, text) name,
#include "dataplane/lcore/verdict.def"
#undef VERDICT
};

struct VerdictInfo {
    std::string_view name;
    Fate fate;
    std::string_view text;
};

inline constexpr std::array kVerdicts = {
#define VERDICT(name, fate, text) VerdictInfo{#name, Fate::fate, text},
#include "dataplane/lcore/verdict.def"
#undef VERDICT
};
inline constexpr std::size_t kVerdictCount = kVerdicts.size();
static_assert(kVerdictCount < 256);

constexpr const VerdictInfo& info(Verdict v) noexcept {
    return kVerdicts[static_cast<std::size_t>(v)];
}

}  // namespace izar
