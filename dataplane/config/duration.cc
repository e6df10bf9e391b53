#include "dataplane/config/duration.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "dataplane/base/check.h"

namespace izar {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t nanos;
};
constexpr std::array kUnits{
    Unit{"h", 3'600'000'000'000}, Unit{"m", 60'000'000'000}, Unit{"s", 1'000'000'000},
    Unit{"ms", 1'000'000},        Unit{"us", 1'000},         Unit{"ns", 1},
};

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

tl::unexpected<Error> not_a_duration(std::string_view text) {
    return fail(fmt::format("'{}' is not a duration; write a number and a unit, like 10ms, 1.5s or 15m", text));
}

// The whole part times the unit, plus each digit of the fraction with its own weight; -1 if that is
// too long or finer than a nanosecond. Ten times the longest duration still fits, so nothing wraps.
std::int64_t exact_nanos(std::string_view whole, std::string_view fraction, std::int64_t unit) {
    std::int64_t nanos = 0;
    for (const char c : whole) {
        nanos = nanos * 10 + (c - '0');
        if (nanos * unit > kLongestDuration.count()) {
            return -1;
        }
    }
    nanos *= unit;
    std::int64_t weight = unit;
    for (const char c : fraction) {
        if (weight % 10 != 0) {
            if (c != '0') {
                return -1;
            }
            continue;
        }
        weight /= 10;
        nanos += weight * (c - '0');
    }
    return nanos > kLongestDuration.count() ? -1 : nanos;
}

static_assert(kLongestDuration.count() < INT64_MAX / 20);

}  // namespace

Result<Nanos> parse_duration(std::string_view text) {
    if (text == "0") {
        return Nanos{0};
    }
    std::size_t i = 0;
    while (i < text.size() && is_digit(text[i])) {
        ++i;
    }
    const std::string_view whole = text.substr(0, i);
    std::string_view fraction;
    if (i < text.size() && text[i] == '.') {
        const std::size_t first = ++i;
        while (i < text.size() && is_digit(text[i])) {
            ++i;
        }
        fraction = text.substr(first, i - first);
        if (fraction.empty()) {
            return not_a_duration(text);
        }
    }
    if (whole.empty()) {
        return not_a_duration(text);
    }
    for (const Unit& unit : kUnits) {
        if (text.substr(i) == unit.name) {
            const std::int64_t nanos = exact_nanos(whole, fraction, unit.nanos);
            if (nanos < 0) {
                return fail(fmt::format("'{}' is longer than a year or finer than a nanosecond", text));
            }
            return Nanos{nanos};
        }
    }
    return not_a_duration(text);
}

std::string duration_text(Nanos duration) {
    CHECK(duration.count() >= 0);
    if (duration.count() == 0) {
        return "0s";
    }
    for (const Unit& unit : kUnits) {
        if (duration.count() % unit.nanos == 0) {
            return fmt::format("{}{}", duration.count() / unit.nanos, unit.name);
        }
    }
    CHECK(false);
}

}  // namespace izar
