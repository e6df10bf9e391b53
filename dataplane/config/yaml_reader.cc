#include "dataplane/config/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>

#include "dataplane/base/limits.h"
#include "dataplane/config/duration.h"

namespace izar {
namespace {

constexpr std::size_t kMostProblemsShown = 50;
constexpr std::size_t kShortestStump = 4;  // a word of this length that begins a known one means it
constexpr std::size_t kLongestShown = 60;  // bytes of the file's own text that a message repeats

std::string_view kind_name(YamlKind kind) {
    switch (kind) {
        case YamlKind::null:
            return "nothing";
        case YamlKind::scalar:
            return "a single value";
        case YamlKind::sequence:
            return "a list";
        case YamlKind::map:
            return "a map";
    }
    return "something else";
}

constexpr std::size_t kLongestProblem = 400;

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

std::string shown(std::string_view text) {
    return text.size() > kLongestShown ? std::string(text.substr(0, kLongestShown)) + "..." : std::string(text);
}

std::string join(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string listed(std::span<const std::string_view> words) {
    std::string out;
    for (const std::string_view word : words) {
        out += out.empty() ? "" : ", ";
        out += word;
    }
    return out;
}

// How many slips lie between two short words: letters left out, put in, replaced, or two neighbours swapped (optimal
// string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);  // of i - 2 letters of a
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before.swap(last);
        last.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
    }
    return row[b.size()];
}

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known) {
    if (word.size() > kLongestShown) {
        return {};
    }
    std::string_view best;
    std::size_t best_distance = word.size() / 3 + 2;  // farther than this is another word, not a slip
    for (const std::string_view candidate : known) {
        const bool cut_short = word.size() >= kShortestStump && candidate.starts_with(word);
        const std::size_t distance = cut_short ? 1 : edit_distance(word, candidate);
        if (distance < best_distance && distance < candidate.size()) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

void ConfigProblems::add(SourceMark mark, std::string text) {
    if (text.size() > kLongestProblem) {
        text.resize(kLongestProblem);
        text += "...";
    }
    std::replace_if(text.begin(), text.end(), is_control, '?');
    problems_.push_back({mark, std::move(text)});
}

std::string ConfigProblems::text() const {
    std::vector<const Problem*> sorted;
    for (const Problem& problem : problems_) {
        sorted.push_back(&problem);
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const Problem* a, const Problem* b) {
        return std::pair(a->mark.line, a->mark.column) < std::pair(b->mark.line, b->mark.column);
    });
    const std::size_t count = std::min(sorted.size(), kMostProblemsShown);
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        const Problem& problem = *sorted[i];
        const SourceMark at = problem.mark;
        const std::string place = at.line == 0 ? file_name_ : fmt::format("{}:{}:{}", file_name_, at.line, at.column);
        out += fmt::format("{}{}: {}", i == 0 ? "" : "\n", place, problem.text);
    }
    if (sorted.size() > count) {
        out += fmt::format("\n{}: and {} more problems", file_name_, sorted.size() - count);
    }
    return out;
}

void YamlCursor::problem(std::string_view text) const {
    problems_->add(node_->mark, path_.empty() ? std::string(text) : fmt::format("{}: {}", path_, text));
}

std::optional<std::string_view> YamlCursor::scalar_text(std::string_view wanted) const {
    if (node_->kind == YamlKind::scalar) {
        if (std::any_of(node_->scalar.begin(), node_->scalar.end(), is_control)) {
            problem("has line breaks or control characters; write it on one line, as plain text");
            return std::nullopt;
        }
        return std::string_view{node_->scalar};
    }
    if (node_->kind == YamlKind::null) {
        problem(fmt::format("is empty; give it {}, or leave the key out if it has a default", wanted));
    } else {
        problem(fmt::format("must be {}, not {}", wanted, kind_name(node_->kind)));
    }
    return std::nullopt;
}

std::optional<std::string> YamlCursor::text(std::size_t longest) const {
    const auto scalar = scalar_text("text");
    if (!scalar) {
        return std::nullopt;
    }
    if (scalar->empty() || scalar->size() > longest) {
        problem(fmt::format("must be 1 to {} characters long", longest));
        return std::nullopt;
    }
    return std::string(*scalar);
}

std::optional<std::string> YamlCursor::name() const {
    const auto scalar = scalar_text("a name");
    if (!scalar) {
        return std::nullopt;
    }
    const bool good = !scalar->empty() && scalar->size() < kNameLength && scalar->front() != '.' &&
                      scalar->front() != '_' && scalar->front() != '-' &&
                      std::all_of(scalar->begin(), scalar->end(), is_name_char);
    if (!good) {
        problem(fmt::format("'{}' is not a name; use 1 to {} letters, digits, '.', '_' or '-', a letter or digit first",
                            shown(*scalar), kNameLength - 1));
        return std::nullopt;
    }
    return std::string(*scalar);
}

std::optional<std::uint64_t> YamlCursor::integer(std::uint64_t least, std::uint64_t most) const {
    const auto scalar = scalar_text("a whole number");
    if (!scalar) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    const char* last = scalar->data() + scalar->size();
    const auto [end, code] = std::from_chars(scalar->data(), last, value);
    if (code != std::errc{} || end != last || value < least || value > most) {
        problem(fmt::format("'{}' is not a whole number from {} to {}", shown(*scalar), least, most));
        return std::nullopt;
    }
    return value;
}

std::optional<double> YamlCursor::number(double least, double most) const {
    const auto scalar = scalar_text("a number");
    if (!scalar) {
        return std::nullopt;
    }
    double value = 0;
    const char* last = scalar->data() + scalar->size();
    const auto [end, code] = std::from_chars(scalar->data(), last, value);
    // Written so that "nan" fails.
    if (code != std::errc{} || end != last || !(value >= least && value <= most)) {
        problem(fmt::format("'{}' is not a number from {} to {}", shown(*scalar), least, most));
        return std::nullopt;
    }
    return value;
}

std::optional<Nanos> YamlCursor::duration(Nanos least, Nanos most) const {
    const auto scalar = scalar_text("a duration like 10ms");
    if (!scalar) {
        return std::nullopt;
    }
    const auto value = parse_duration(*scalar);
    if (!value) {
        problem(value.error().text);
        return std::nullopt;
    }
    if (*value < least || *value > most) {
        problem(fmt::format("'{}' is out of bounds; allowed are {} to {}", shown(*scalar), duration_text(least),
                            duration_text(most)));
        return std::nullopt;
    }
    return *value;
}

std::optional<std::size_t> YamlCursor::word(std::initializer_list<std::string_view> words) const {
    const auto scalar = scalar_text("a word");
    if (!scalar) {
        return std::nullopt;
    }
    const auto* found = std::find(words.begin(), words.end(), *scalar);
    if (found == words.end()) {
        problem(fmt::format("'{}' is not one of: {}", shown(*scalar), listed({words.begin(), words.size()})));
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - words.begin());
}

std::vector<YamlCursor> YamlCursor::list(std::size_t most) const {
    std::vector<YamlCursor> out;
    if (node_->kind == YamlKind::null) {
        return out;
    }
    if (node_->kind != YamlKind::sequence) {
        problem(
            fmt::format("must be a list, not {}; write [a, b] or lines that begin with '- '", kind_name(node_->kind)));
        return out;
    }
    if (node_->items.size() > most) {
        problem(fmt::format("has {} entries; at most {} are supported", node_->items.size(), most));
        return out;
    }
    out.reserve(node_->items.size());
    for (std::size_t i = 0; i < node_->items.size(); ++i) {
        out.emplace_back(node_->items[i], fmt::format("{}[{}]", path_, i), *problems_);
    }
    return out;
}

std::optional<YamlMap> YamlCursor::map(std::initializer_list<std::string_view> known) const {
    return map(std::span(known.begin(), known.size()));
}

std::optional<YamlMap> YamlCursor::map(std::span<const std::string_view> known) const {
    if (node_->kind == YamlKind::scalar || node_->kind == YamlKind::sequence) {
        problem(fmt::format("must be a map with keys {}, not {}", listed(known), kind_name(node_->kind)));
        return std::nullopt;
    }
    const std::string place = path_.empty() ? "the file" : path_;
    // Keys seen so far, as a bit a known key: linear in the entries, whatever the file holds.
    std::vector<bool> seen(known.size(), false);
    for (const YamlEntry& entry : node_->entries) {
        const auto found = std::find(known.begin(), known.end(), entry.key);
        if (found == known.end()) {
            const std::string_view meant = nearest_word(entry.key, known);
            const std::string advice =
                meant.empty() ? fmt::format("known are {}", listed(known)) : fmt::format("did you mean '{}'?", meant);
            problems_->add(entry.key_mark, fmt::format("unknown key '{}' in {}; {}", shown(entry.key), place, advice));
            continue;
        }
        const auto index = static_cast<std::size_t>(found - known.begin());
        if (seen[index]) {
            problems_->add(entry.key_mark, fmt::format("key '{}' stands twice in {}; keep one", entry.key, place));
        }
        seen[index] = true;
    }
    return YamlMap(*this);
}

std::optional<YamlCursor> YamlMap::find(std::string_view key) const {
    for (const YamlEntry& entry : cursor_.node_->entries) {
        if (entry.key == key) {
            return YamlCursor(entry.value, join(cursor_.path_, key), *cursor_.problems_);
        }
    }
    return std::nullopt;
}

std::optional<YamlCursor> YamlMap::need(std::string_view key, std::string_view why) const {
    auto found = find(key);
    if (!found) {
        const std::string place = cursor_.path_.empty() ? "the file" : cursor_.path_;
        // A map without place is an empty file: its first character is where the key should stand.
        const SourceMark mark = cursor_.mark().line > 0 ? cursor_.mark() : SourceMark{1, 1};
        cursor_.problems_->add(mark,
                               fmt::format("{} lacks the key '{}'{}{}", place, key, why.empty() ? "" : "; ", why));
    }
    return found;
}

SourceMark YamlMap::key_mark(std::string_view key) const {
    for (const YamlEntry& entry : cursor_.node_->entries) {
        if (entry.key == key) {
            return entry.key_mark;
        }
    }
    return {};
}

Result<std::string> read_config_file(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    if (!file) {
        return fail(fmt::format("{}: {}; give an existing file that may be read", path, std::strerror(errno)));
    }
    std::string text(kMaxYamlBytes + 1, '\0');
    const std::size_t length = std::fread(text.data(), 1, text.size(), file.get());
    if (std::ferror(file.get()) != 0) {
        return fail(fmt::format("{}: cannot be read ({}); give a regular file", path, std::strerror(errno)));
    }
    if (length > kMaxYamlBytes) {
        return fail(fmt::format("{}: longer than {} bytes, the most that is read", path, kMaxYamlBytes));
    }
    text.resize(length);
    return text;
}

}  // namespace izar
