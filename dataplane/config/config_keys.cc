#include "dataplane/config/config_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/config/duration.h"

namespace izar {
namespace {

constexpr std::string_view kMasked = "<secret>";

constexpr std::string_view kWhole;  // path of the file itself

std::string_view section_of(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? kWhole : path.substr(0, dot);
}

std::string_view word_of(std::string_view path) {
    return path.substr(path.rfind('.') + 1);
}

// The words that may stand in a section: keys of it, and the sections in it.
std::vector<std::string_view> words_in(std::span<const ConfigKey> keys, std::string_view section) {
    std::vector<std::string_view> out;
    const std::size_t begin = section.empty() ? 0 : section.size() + 1;
    for (const ConfigKey& key : keys) {
        const std::string_view path = key.path;
        if (!section.empty() && (!path.starts_with(section) || path.substr(section.size(), 1) != ".")) {
            continue;
        }
        const std::string_view word = path.substr(begin, path.find('.', begin) - begin);
        if (std::find(out.begin(), out.end(), word) == out.end()) {
            out.push_back(word);
        }
    }
    return out;
}

// What stands in a file, found before any of it is read.
class FileContent {
  public:
    FileContent(std::span<const ConfigKey> keys, const YamlCursor& file) : keys_(keys) { look_into(file, ""); }

    const YamlCursor* find(std::string_view path) const {
        const auto found = values_.find(path);
        return found == values_.end() ? nullptr : &found->second;
    }
    // Whether a section is there that can be read.
    bool has_section(std::string_view path) const { return sections_.contains(path); }
    const ConfigMarks& marks() const noexcept { return marks_; }

    // Tells that a key has to be given, in the innermost section of it that is there; of a section only once that it is
    // not.
    void tell_absent(std::string_view path, std::string_view advice, ConfigProblems& problems) {
        while (!has_section(section_of(path))) {
            path = section_of(path);
            if (no_maps_.contains(path) || path.empty()) {
                return;  // it was told what is wrong with it
            }
        }
        if (told_.emplace(path).second) {
            const std::string_view section = section_of(path);
            const SourceMark mark = sections_.find(section)->second;
            problems.add(mark.line > 0 ? mark : SourceMark{1, 1},
                         fmt::format("{} lacks the key '{}'; {}", section.empty() ? "the file" : section, word_of(path),
                                     advice));
        }
    }

  private:
    void look_into(const YamlCursor& at, const std::string& section) {
        const auto words = words_in(keys_, section);
        const auto map = at.map(words);
        if (!map) {
            no_maps_.insert(section);
            return;
        }
        sections_.emplace(section, at.mark());
        for (const std::string_view word : words) {
            const auto value = map->find(word);
            const std::string path = section.empty() ? std::string(word) : fmt::format("{}.{}", section, word);
            if (!value) {
                continue;
            }
            if (std::any_of(keys_.begin(), keys_.end(), [&](const ConfigKey& key) { return key.path == path; })) {
                values_.emplace(path, *value);
                marks_.emplace(path, map->key_mark(word));
            } else {
                look_into(*value, path);
            }
        }
    }

    std::span<const ConfigKey> keys_;
    std::map<std::string, YamlCursor, std::less<>> values_;
    std::map<std::string, SourceMark, std::less<>> sections_;
    std::set<std::string, std::less<>> no_maps_;
    std::set<std::string, std::less<>> told_;
    ConfigMarks marks_;
};

// "a,b" as a list of two, "[{name: a}]" as YAML; what is no list as it stands.
Result<YamlNode> node_of(std::string_view value, const std::string& variable, bool is_list) {
    if (is_list && value.starts_with('[') && value.ends_with(']')) {
        return parse_yaml(std::string(value), variable);
    }
    YamlNode node{.kind = is_list ? YamlKind::sequence : YamlKind::scalar};
    if (!is_list) {
        node.scalar = std::string(value);
        return node;
    }
    for (std::size_t at = 0; at <= value.size();) {
        const std::size_t end = std::min(value.find(',', at), value.size());
        node.items.push_back({.kind = YamlKind::scalar, .scalar = std::string(value.substr(at, end - at))});
        at = end + 1;
    }
    return node;
}

// The values of variables, by the path of their key.
using Variables = std::map<std::string, YamlNode, std::less<>>;

Variables read_environment(std::span<const ConfigKey> keys, std::span<const std::string> environment,
                           std::string_view prefix, ConfigProblems& problems) {
    Variables out;
    std::vector<std::string> names;
    for (const ConfigKey& key : keys) {
        names.push_back(variable_name(key.path, prefix));
    }
    for (const std::string& variable : environment) {
        const std::string name = variable.substr(0, variable.find('='));
        if (!name.starts_with(prefix) || name.size() == variable.size()) {
            continue;
        }
        const auto found = std::find(names.begin(), names.end(), name);
        if (found == names.end()) {
            const std::vector<std::string_view> known(names.begin(), names.end());
            const std::string_view meant = nearest_word(name, known);
            problems.add({}, fmt::format("{} sets no key{}", name,
                                         meant.empty() ? std::string() : fmt::format("; did you mean {}?", meant)));
            continue;
        }
        const ConfigKey& key = keys[static_cast<std::size_t>(found - names.begin())];
        auto node = node_of(std::string_view(variable).substr(name.size() + 1), name, key.show().starts_with('['));
        if (node) {
            out.insert_or_assign(key.path, *std::move(node));
        } else {
            problems.add({}, node.error().text);
        }
    }
    return out;
}

}  // namespace

ConfigKey checked_text_key(std::string path, std::string_view kind, std::string_view meaning, std::string& field,
                           std::function<Result<std::string>(std::string_view text)> checked) {
    return {.path = std::move(path),
            .kind = kind,
            .meaning = meaning,
            .read = [&field, checked = std::move(checked)](const YamlCursor& at) { assign(field, at.parsed(checked)); },
            .show = [&field] { return yaml_quoted(field); }};
}

ConfigKey text_key(std::string path, std::string_view kind, std::string_view meaning, std::string& field,
                   std::size_t longest) {
    const std::size_t least = field.empty() ? 0 : 1;
    const auto checked = [least, longest](std::string_view text) -> Result<std::string> {
        if (text.size() < least || text.size() > longest) {
            return fail(fmt::format("must be {} to {} characters long", least, longest));
        }
        return std::string(text);
    };
    return checked_text_key(std::move(path), kind, meaning, field, checked);
}

ConfigKey duration_key(std::string path, std::string_view kind, std::string_view meaning, Nanos& field, Nanos least,
                       Nanos most) {
    return {.path = std::move(path),
            .kind = kind,
            .meaning = meaning,
            .read = [&field, least, most](const YamlCursor& at) { assign(field, at.duration(least, most)); },
            .show = [&field] { return duration_text(field); }};
}

std::string variable_name(std::string_view path, std::string_view prefix) {
    std::string out(prefix);
    for (const char c : path) {
        out += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
    return out;
}

Result<void> read_config(std::span<const ConfigKey> keys, const std::string& text, const std::string& file_name,
                         std::span<const std::string> environment, std::string_view prefix,
                         const std::function<void(const ConfigMarks&, ConfigProblems&)>& check) {
    const auto tree = parse_yaml(text, file_name);
    if (!tree) {
        return tl::unexpected(tree.error());
    }
    ConfigProblems problems(file_name);
    ConfigProblems of_environment("environment");
    FileContent content(keys, YamlCursor(*tree, "", problems));
    const Variables variables = read_environment(keys, environment, prefix, of_environment);
    ConfigMarks marks = content.marks();
    for (const ConfigKey& key : keys) {
        if (const auto variable = variables.find(key.path); variable != variables.end()) {
            marks[key.path] = {};
            key.read(YamlCursor(variable->second, variable_name(key.path, prefix), of_environment));
        } else if (const YamlCursor* const given = content.find(key.path)) {
            key.read(*given);
        } else if (key.absent) {
            const std::string_view advice = key.absent(content.has_section(section_of(key.path)));
            if (!advice.empty()) {
                content.tell_absent(key.path, advice, problems);
            }
        }
    }
    if (check && problems.empty() && of_environment.empty()) {
        check(marks, problems);
    }
    if (problems.empty() && of_environment.empty()) {
        return {};
    }
    const bool both = !problems.empty() && !of_environment.empty();
    return fail(problems.text() + (both ? "\n" : "") + of_environment.text());
}

std::string config_text(std::span<const ConfigKey> keys) {
    std::string out;
    std::vector<std::string> open;  // sections that the last line stands in
    for (const ConfigKey& key : keys) {
        const std::string value = key.show();
        if (value.empty()) {
            continue;
        }
        std::vector<std::string> words;
        for (std::size_t at = 0; at <= key.path.size();) {
            const std::size_t end = std::min(key.path.find('.', at), key.path.size());
            words.push_back(key.path.substr(at, end - at));
            at = end + 1;
        }
        for (std::size_t depth = 0; depth + 1 < words.size(); ++depth) {
            if (depth >= open.size() || open[depth] != words[depth]) {
                open.resize(depth);
                open.push_back(words[depth]);
                out += fmt::format("{:{}}{}:\n", "", 2 * depth, words[depth]);
            }
        }
        open.resize(words.size() - 1);
        const bool masked = key.secret && value != "\"\"";
        out += fmt::format("{:{}}{}:{}{}\n", "", 2 * (words.size() - 1), words.back(), value[0] == '\n' ? "" : " ",
                           masked ? yaml_quoted(kMasked) : value);
    }
    return out;
}

std::vector<std::string> changed_keys(std::span<const ConfigKey> before, std::span<const ConfigKey> after,
                                      bool at_sighup) {
    CHECK(before.size() == after.size());
    std::vector<std::string> out;
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (before[i].at_sighup == at_sighup && before[i].show() != after[i].show()) {
            out.push_back(before[i].path);
        }
    }
    return out;
}

std::string config_reference(std::span<const ConfigKey> keys, std::string_view prefix) {
    std::string out =
        "| key | default | may be | meaning | variable | in force at |\n| --- | --- | --- | --- | --- | --- |\n";
    for (const ConfigKey& key : keys) {
        const std::string usual = key.otherwise.empty() ? fmt::format("`{}`", key.show()) : std::string(key.otherwise);
        out += fmt::format("| `{}` | {} | {} | {} | `{}` | {} |\n", key.path, usual, key.kind, key.meaning,
                           variable_name(key.path, prefix), key.at_sighup ? "SIGHUP" : "start");
    }
    return out;
}

std::vector<std::string_view> words_of(std::span<const ItemKey> keys) {
    std::vector<std::string_view> out;
    for (const ItemKey& key : keys) {
        out.push_back(key.name);
    }
    return out;
}

std::string item_reference(std::string_view item, std::span<const ItemKey> keys) {
    std::string out = fmt::format("| key of {} | default | may be | meaning |\n| --- | --- | --- | --- |\n", item);
    for (const ItemKey& key : keys) {
        out += fmt::format("| `{}` | {} | {} | {} |\n", key.name, key.otherwise, key.kind, key.meaning);
    }
    return out;
}

std::string yaml_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

std::string yaml_list(std::span<const std::string> texts) {
    std::string out;
    for (const std::string& text : texts) {
        out += (out.empty() ? "" : ", ") + yaml_quoted(text);
    }
    return "[" + out + "]";
}

}  // namespace izar
