#include "ctrl/config/config_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr std::string_view kMasked = "<secret>";

const ConfigKey* find_key(std::span<const ConfigKey> keys, std::string_view path) {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.path == path; });
    return found == keys.end() ? nullptr : &*found;
}

// Whether the path is a map that holds keys: "store" of "store.path".
bool is_section(std::span<const ConfigKey> keys, const std::string& path) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const ConfigKey& key) { return key.path.starts_with(path + "."); });
}

// One pass over a file's tree: every scalar or list under a known path is read by its key.
class TreeReader {
  public:
    TreeReader(std::span<const ConfigKey> keys, ConfigProblems& problems, ConfigMarks& marks)
        : keys_(keys), problems_(problems), marks_(marks) {}

    void read_map(const YamlNode& node, const std::string& path) {
        if (node.kind == YamlKind::null) {
            return;
        }
        if (node.kind != YamlKind::map) {
            problems_.add(node.mark, fmt::format("{} must be a map of keys", path.empty() ? "the file" : path));
            return;
        }
        std::vector<std::string_view> seen;
        for (const YamlEntry& entry : node.entries) {
            const std::string below = path.empty() ? entry.key : path + "." + entry.key;
            if (std::find(seen.begin(), seen.end(), entry.key) != seen.end()) {
                problems_.add(entry.key_mark, fmt::format("key '{}' stands twice; keep one", below));
                continue;
            }
            seen.push_back(entry.key);
            if (const ConfigKey* key = find_key(keys_, below)) {
                marks_[key->path] = entry.key_mark;
                key->read(YamlCursor(entry.value, key->path, problems_));
            } else if (is_section(keys_, below)) {
                read_map(entry.value, below);
            } else {
                complain(entry, path);
            }
        }
    }

  private:
    void complain(const YamlEntry& entry, const std::string& path) {
        std::vector<std::string_view> known;
        for (const ConfigKey& key : keys_) {
            if (path.empty() || key.path.starts_with(path + ".")) {
                const std::string_view rest = std::string_view(key.path).substr(path.empty() ? 0 : path.size() + 1);
                known.push_back(rest.substr(0, rest.find('.')));
            }
        }
        const std::string_view meant = nearest_word(entry.key, known);
        problems_.add(entry.key_mark,
                      fmt::format("unknown key '{}'{}{}", entry.key, path.empty() ? "" : " in " + path,
                                  meant.empty() ? std::string() : fmt::format("; did you mean '{}'?", meant)));
    }

    std::span<const ConfigKey> keys_;
    ConfigProblems& problems_;
    ConfigMarks& marks_;
};

// "a,b" as a list of two; every other value as it stands.
YamlNode node_of(std::string_view value, bool as_list) {
    YamlNode node{.kind = as_list ? YamlKind::sequence : YamlKind::scalar};
    if (!as_list) {
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

void read_environment(std::span<const ConfigKey> keys, std::span<const std::string> environment,
                      std::string_view prefix, ConfigProblems& problems, ConfigMarks& marks) {
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
        marks[key.path] = {};
        const YamlNode node = node_of(std::string_view(variable).substr(name.size() + 1), key.show().starts_with('['));
        key.read(YamlCursor(node, name, problems));
    }
}

}  // namespace

ConfigKey text_key(std::string path, std::string_view kind, std::string_view meaning, std::string& field,
                   std::size_t longest) {
    const std::size_t least = field.empty() ? 0 : 1;
    const auto checked = [least, longest](std::string_view text) -> Result<std::string> {
        if (text.size() < least || text.size() > longest) {
            return fail(fmt::format("must be {} to {} characters long", least, longest));
        }
        return std::string(text);
    };
    return {.path = std::move(path),
            .kind = kind,
            .meaning = meaning,
            .read = [&field, checked](const YamlCursor& at) { assign(field, at.parsed(checked)); },
            .show = [&field] { return yaml_quoted(field); }};
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
    ConfigMarks marks;
    TreeReader(keys, problems, marks).read_map(*tree, "");
    read_environment(keys, environment, prefix, of_environment, marks);
    if (problems.empty() && of_environment.empty()) {
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
        const std::string value = key.show();
        const bool masked = key.secret && value != "\"\"";
        out += fmt::format("{:{}}{}: {}\n", "", 2 * (words.size() - 1), words.back(),
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
        out += fmt::format("| `{}` | `{}` | {} | {} | `{}` | {} |\n", key.path, key.show(), key.kind, key.meaning,
                           variable_name(key.path, prefix), key.at_sighup ? "SIGHUP" : "start");
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
