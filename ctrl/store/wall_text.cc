#include "ctrl/store/wall_text.h"

#include <fmt/format.h>

#include <charconv>

namespace izar {
namespace {

// The digits of `text` at `at` as a number, or -1.
int digits(std::string_view text, std::size_t at, std::size_t count) {
    int value = -1;
    if (at + count <= text.size() && text[at] != '-') {
        const char* last = text.data() + at + count;
        const auto [end, code] = std::from_chars(text.data() + at, last, value);
        if (code != std::errc{} || end != last) {
            return -1;
        }
    }
    return value;
}

bool has_separators(std::string_view text) {
    return text.size() >= 19 && text[4] == '-' && text[7] == '-' && (text[10] == ' ' || text[10] == 'T') &&
           text[13] == ':' && text[16] == ':';
}

// Milliseconds of a fraction like ".25" or nothing; -1 if it is neither.
int fraction_milliseconds(std::string_view text) {
    if (text.empty()) {
        return 0;
    }
    if (text.front() != '.' || text.size() < 2 || text.size() > 7) {
        return -1;
    }
    std::string padded(text.substr(1));
    if (digits(padded, 0, padded.size()) < 0) {
        return -1;
    }
    padded.resize(3, '0');
    return digits(padded, 0, 3);
}

}  // namespace

std::string wall_text(WallTime time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<seconds>(time - day)};
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

Result<WallTime> parse_wall_time(std::string_view text) {
    using namespace std::chrono;
    const auto wrong = [&] {
        return fail(fmt::format("'{}' is no time; write it like 2026-03-29 01:30:00 (UTC)", text.substr(0, 40)));
    };
    if (!has_separators(text)) {
        return wrong();
    }
    const int year_digits = digits(text, 0, 4);
    const int month_digits = digits(text, 5, 2);
    const int day_digits = digits(text, 8, 2);
    const int hour_digits = digits(text, 11, 2);
    const int minute_digits = digits(text, 14, 2);
    const int second_digits = digits(text, 17, 2);
    const int fraction = fraction_milliseconds(text.substr(19));
    if (year_digits < 1970 || month_digits < 0 || day_digits < 0 || fraction < 0) {
        return wrong();
    }
    const year_month_day date{year{year_digits}, month{static_cast<unsigned>(month_digits)},
                              day{static_cast<unsigned>(day_digits)}};
    const bool clock_good = hour_digits >= 0 && hour_digits < 24 && minute_digits >= 0 && minute_digits < 60 &&
                            second_digits >= 0 && second_digits < 60;
    if (!date.ok() || !clock_good) {
        return wrong();
    }
    return WallTime{sys_days{date}} + hours{hour_digits} + minutes{minute_digits} + seconds{second_digits} +
           milliseconds{fraction};
}

}  // namespace izar
