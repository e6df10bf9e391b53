// yaml_reader.h -- Reading a configuration file: typed values, and every problem found in one go.
//
// A YamlCursor is one value of the file together with its path ("ports[0].mtu") and its place. Reading it
// as a type gives the value, or nothing after it has added one problem to the file's ConfigProblems; the
// caller keeps its default and reads on. So a file with five mistakes yields five lines:
//
//   edge.yaml:12:5: unknown key 'adress' in ports[0]; did you mean 'addresses'?
//
// Thread: one thread per file. Cursors point into the tree and the problems, which must outlive them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"
#include "dataplane/config/yaml_tree.h"

namespace izar {

class ConfigProblems {
  public:
    explicit ConfigProblems(std::string file_name) : file_name_(std::move(file_name)) {}

    // Bytes that would disturb a terminal are replaced, and what is too long to read is cut.
    void add(SourceMark mark, std::string text);
    bool empty() const noexcept { return problems_.empty(); }
    std::size_t count() const noexcept { return problems_.size(); }
    // All problems in the order of the file, one a line: "file:line:column: text", or "file: text" without a place.
    std::string text() const;

  private:
    struct Problem {
        SourceMark mark;
        std::string text;
    };
    std::string file_name_;
    std::vector<Problem> problems_;
};

class YamlMap;

class YamlCursor {
  public:
    YamlCursor(const YamlNode& node, std::string path, ConfigProblems& problems)
        : node_(&node), path_(std::move(path)), problems_(&problems) {}

    const std::string& path() const noexcept { return path_; }
    SourceMark mark() const noexcept { return node_->mark; }
    YamlKind kind() const noexcept { return node_->kind; }

    // Adds "path: text" at this value's place.
    void problem(std::string_view text) const;
    // Of the whole file, so far.
    std::size_t problem_count() const noexcept { return problems_->count(); }

    // Not empty, one line, at most `longest` bytes.
    std::optional<std::string> text(std::size_t longest) const;
    // A name of ours: letters, digits, '.', '_', '-', first a letter or digit, shorter than kNameLength.
    std::optional<std::string> name() const;
    std::optional<std::uint64_t> integer(std::uint64_t least, std::uint64_t most) const;
    std::optional<double> number(double least, double most) const;
    // "10ms", "1.5s", "200us", "15m", "2h", "0": bounds inclusive.
    std::optional<Nanos> duration(Nanos least, Nanos most) const;
    // One of the words; gives its index.
    std::optional<std::size_t> word(std::initializer_list<std::string_view> words) const;
    // At most `most` items.
    std::vector<YamlCursor> list(std::size_t most) const;
    // Every key must be one of `known`, and stand there once. An empty value reads as a map without keys.
    std::optional<YamlMap> map(std::span<const std::string_view> known) const;
    std::optional<YamlMap> map(std::initializer_list<std::string_view> known) const;
    // A scalar that `parse` (text -> Result<T>) understands.
    template <typename Parse>
    auto parsed(Parse parse) const -> std::optional<typename decltype(parse(std::string_view{}))::value_type> {
        const auto scalar = scalar_text("text");
        if (!scalar) {
            return std::nullopt;
        }
        auto value = parse(std::string_view{*scalar});
        if (!value) {
            problem(value.error().text);
            return std::nullopt;
        }
        return *std::move(value);
    }

  private:
    friend class YamlMap;
    std::optional<std::string_view> scalar_text(std::string_view wanted) const;

    const YamlNode* node_;
    std::string path_;
    ConfigProblems* problems_;
};

// The keys of one map, as YamlCursor::map() found them.
class YamlMap {
  public:
    // The value of a key that may be absent.
    std::optional<YamlCursor> find(std::string_view key) const;
    // The value of a key that must be there; its absence is a problem, with `why` as the advice.
    std::optional<YamlCursor> need(std::string_view key, std::string_view why = {}) const;
    // Where the key itself stands; {}: nowhere.
    SourceMark key_mark(std::string_view key) const;
    const YamlCursor& cursor() const noexcept { return cursor_; }

  private:
    friend class YamlCursor;
    explicit YamlMap(YamlCursor cursor) : cursor_(std::move(cursor)) {}
    YamlCursor cursor_;
};

// Keeps `out` as it is when there is nothing to assign: a default, or whatever a problem was told about.
template <typename Out, typename In>
bool assign(Out& out, std::optional<In> value) {
    if (!value) {
        return false;
    }
    out = static_cast<Out>(*std::move(value));
    return true;
}

// The known word nearest to `word` in edits, if it is near enough to be meant; otherwise empty.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);

// Reads a file of at most kMaxYamlBytes. The error names the file and what to do.
Result<std::string> read_config_file(const std::string& path);

}  // namespace izar
