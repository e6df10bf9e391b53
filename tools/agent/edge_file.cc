#include "tools/agent/edge_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "ctrl/agent/identity.h"
#include "dataplane/config/config_keys.h"
#include "dataplane/config/yaml_tree.h"

namespace izar {
namespace {

struct Value {
    std::string key;
    std::string text;     // as YAML reads it
    bool quoted = false;  // and whether it is written in quotes
    std::string yaml() const { return quoted ? yaml_quoted(text) : text; }
};
using Values = std::vector<Value>;

Values node_values(const EdgeIdentity& identity) {
    return {{"id", std::to_string(raw(identity.id))}, {"name", identity.name, true}};
}

Values secrets_values(const EdgeIdentity& identity) {
    return {{"file", identity.secrets_file, true}};
}

Values socket_values(const EdgeIdentity& identity) {
    return identity.control_socket.empty() ? Values{} : Values{{"control_socket", identity.control_socket, true}};
}

std::string flow_text(const Values& values) {
    std::string out;
    for (const Value& value : values) {
        out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", value.key, value.yaml());
    }
    return out;
}

std::string node_line(const EdgeIdentity& identity) {
    return fmt::format("node: {{{}}}\n", flow_text(node_values(identity)));
}

std::string secrets_line(const EdgeIdentity& identity) {
    return fmt::format("secrets: {{{}}}\n", flow_text(secrets_values(identity)));
}

std::string nodes_line(const EdgeIdentity& identity) {
    Values own = node_values(identity);
    own.push_back({"region", identity.region, true});
    own.push_back({"address", identity.address.text(), true});
    return fmt::format("nodes: [{{{}}}]\n", flow_text(own));
}

std::string socket_line(const EdgeIdentity& identity) {
    const Values values = socket_values(identity);
    return values.empty() ? "" : flow_text(values) + "\n";
}

YamlNode* find(YamlNode& map, std::string_view key) {
    const auto found = std::ranges::find(map.entries, key, &YamlEntry::key);
    return found == map.entries.end() ? nullptr : &found->value;
}

// Where marks stand does not count, nor in which order keys do.
bool same(const YamlNode& a, const YamlNode& b) {
    if (a.kind != b.kind || a.scalar != b.scalar || !std::ranges::equal(a.items, b.items, same) ||
        a.entries.size() != b.entries.size()) {
        return false;
    }
    return std::ranges::all_of(a.entries, [&](const YamlEntry& entry) {
        const auto other = std::ranges::find(b.entries, entry.key, &YamlEntry::key);
        return other != b.entries.end() && same(entry.value, other->value);
    });
}

// One file being changed: what its text is to become, and what that is to mean.
class EdgeText {
  public:
    EdgeText(const std::string& text, YamlNode tree) : text_(text), tree_(std::move(tree)) {}

    YamlNode& tree() noexcept { return tree_; }

    // False: it has a form that is not known here.
    [[nodiscard]] bool set(YamlNode& map, const Values& values) {
        if (map.kind != YamlKind::map) {
            return false;
        }
        Values missing;
        for (const Value& value : values) {
            YamlNode* const there = find(map, value.key);
            if (there == nullptr) {
                missing.push_back(value);
            } else if (there->kind != YamlKind::scalar || !replace(*there, value)) {
                return false;
            }
        }
        return missing.empty() || insert(map, missing);
    }
    void append(const std::string& line) { appended_ += line; }

    std::string text() const {
        std::string out = text_;
        auto edits = edits_;
        std::ranges::stable_sort(edits, std::ranges::greater{}, &Edit::at);
        for (const Edit& edit : edits) {
            out.replace(edit.at, edit.length, edit.with);
        }
        if (!appended_.empty()) {
            out += fmt::format("{}\n# Written by izar-agent when this node joined.\n{}",
                               out.empty() || out.ends_with('\n') ? "" : "\n", appended_);
        }
        return out;
    }

  private:
    struct Edit {
        std::size_t at;
        std::size_t length;
        std::string with;
    };

    std::size_t offset(const SourceMark& mark) const {
        std::size_t at = 0;
        for (int line = 1; line < mark.line && at != std::string::npos; ++line) {
            at = text_.find('\n', at);
            at += at == std::string::npos ? 0 : 1;
        }
        return at == std::string::npos ? text_.size()
                                       : std::min(text_.size(), at + static_cast<std::size_t>(mark.column - 1));
    }
    bool replace(YamlNode& scalar, const Value& value) {
        if (scalar.scalar == value.text) {
            return true;
        }
        const std::size_t at = offset(scalar.mark);
        for (const std::string_view quote : {"", "'", "\""}) {
            const std::string there = fmt::format("{}{}{}", quote, scalar.scalar, quote);
            if (text_.compare(at, there.size(), there) == 0) {
                edits_.push_back({at, there.size(), value.yaml()});
                scalar.scalar = value.text;
                return true;
            }
        }
        return false;
    }
    bool insert(YamlNode& map, const Values& values) {
        const std::size_t at = offset(map.mark);
        if (at < text_.size() && text_[at] == '{') {
            edits_.push_back({at + 1, 0, flow_text(values) + (map.entries.empty() ? "" : ", ")});
        } else if (!map.entries.empty()) {
            const SourceMark& first = map.entries.front().key_mark;
            std::string lines;
            for (const Value& value : values) {
                lines += fmt::format("{}\n{}", flow_text({value}),
                                     std::string(static_cast<std::size_t>(first.column - 1), ' '));
            }
            edits_.push_back({offset(first), 0, lines});
        } else {
            return false;
        }
        for (const Value& value : values) {
            map.entries.push_back({value.key, {}, {.kind = YamlKind::scalar, .mark = {}, .scalar = value.text}});
        }
        return true;
    }

    const std::string& text_;
    YamlNode tree_;
    std::vector<Edit> edits_;
    std::string appended_;
};

// This node in the list: who has its name, or the only one.
YamlNode* own_node(YamlNode& nodes, const EdgeIdentity& identity) {
    for (YamlNode& node : nodes.items) {
        if (const YamlNode* const name = find(node, "name"); name != nullptr && name->scalar == identity.name) {
            return &node;
        }
    }
    return nodes.items.size() == 1 ? &nodes.items.front() : nullptr;
}

Result<void> change(EdgeText& edge, const EdgeIdentity& identity, const std::string& file_name) {
    YamlNode& root = edge.tree();
    const auto refuse = [&](const YamlNode& at, std::string_view section, const std::string& line) {
        return fail(fmt::format("{}:{}:{}: {} is written in a form that izar-agent does not change; write there: {}",
                                file_name, at.mark.line, at.mark.column, section, line.substr(0, line.size() - 1)));
    };
    const std::pair<const char*, std::pair<Values, std::string>> sections[] = {
        {"node", {node_values(identity), node_line(identity)}},
        {"secrets", {secrets_values(identity), secrets_line(identity)}}};
    for (const auto& [name, content] : sections) {
        YamlNode* const section = find(root, name);
        if (section == nullptr) {
            edge.append(content.second);
        } else if (!edge.set(*section, content.first)) {
            return refuse(*section, name, content.second);
        }
    }
    if (YamlNode* const nodes = find(root, "nodes"); nodes == nullptr) {
        edge.append(nodes_line(identity));
    } else if (YamlNode* const own = own_node(*nodes, identity);
               own == nullptr || !edge.set(*own, node_values(identity))) {
        return refuse(*nodes, "nodes", nodes_line(identity));
    }
    if (const Values socket = socket_values(identity); socket.empty() || find(root, "control_socket") == nullptr) {
        edge.append(socket_line(identity));
    } else if (!edge.set(root, socket)) {
        return refuse(root, "control_socket", socket_line(identity));
    }
    return {};
}

// What the text means with everything in it that was appended.
Result<YamlNode> meant(EdgeText& edge, const EdgeIdentity& identity, const std::string& file_name) {
    const auto added = parse_yaml(
        node_line(identity) + secrets_line(identity) + nodes_line(identity) + socket_line(identity), file_name);
    if (!added) {
        return added;
    }
    YamlNode out = edge.tree();
    out.kind = YamlKind::map;
    for (const YamlEntry& entry : added->entries) {
        if (find(out, entry.key) == nullptr) {
            out.entries.push_back(entry);
        }
    }
    return out;
}

struct Place {
    std::string path;
    std::optional<std::string> text;  // none: there is no such file
    FileOwner owner;
};

// A link is followed, so that it stays one.
Result<Place> look_at(const std::string& path) {
    Place out{path, std::nullopt, {.mode = 0644}};
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
        return errno == ENOENT ? Result<Place>(out) : fail(fmt::format("{}: it cannot be looked at", path));
    }
    std::error_code problem;
    out.path = std::filesystem::canonical(path, problem).string();
    auto text = read_config_file(path);
    if (!text || problem) {
        return text ? fail(fmt::format("{}: {}", path, problem.message())) : tl::unexpected(text.error());
    }
    out.text = *std::move(text);
    out.owner = {status.st_mode & 0777, status.st_uid, status.st_gid};
    return out;
}

}  // namespace

std::string new_edge_file(const EdgeIdentity& identity) {
    return fmt::format(
        "# izar-edge of this node. docs/edge-config.md lists all keys; `izar-edge -- --config FILE --check` says what\n"
        "# is missing. The first lines were written by izar-agent when this node joined.\n"
        "{}{}{}{}"
        "# The controller tells all other nodes, and the services.\n"
        "\n"
        "# What only you know are the ports of this machine:\n"
        "#ports:\n"
        "#  - name: wan\n"
        "#    device: \"net_af_packet,iface=eth0\"\n"
        "#    addresses: [\"{}/24\"]\n"
        "#  - name: lan\n"
        "#    device: \"net_af_packet,iface=eth1\"\n"
        "#    addresses: [\"10.1.0.1/24\"]\n"
        "#overlay: {{port: wan}}\n"
        "\n"
        "# With their defaults:\n"
        "#idle: sleep\n"
        "#lcores: 1\n",
        node_line(identity), secrets_line(identity), nodes_line(identity), socket_line(identity),
        identity.address.text());
}

Result<std::string> filled_edge_file(const std::string& text, const std::string& file_name,
                                     const EdgeIdentity& identity) {
    auto tree = parse_yaml(text, file_name);
    if (!tree) {
        return tl::unexpected(tree.error());
    }
    if (tree->kind != YamlKind::map && tree->kind != YamlKind::null) {
        return fail(fmt::format("{}: it is no edge.yaml: a map of keys is expected", file_name));
    }
    EdgeText edge(text, *std::move(tree));
    if (auto done = change(edge, identity, file_name); !done) {
        return tl::unexpected(done.error());
    }
    std::string out = edge.text();
    const auto expected = meant(edge, identity, file_name);
    const auto read = parse_yaml(out, file_name);
    if (!expected || !read || !same(*expected, *read)) {
        return fail(fmt::format("{}: izar-agent cannot change it without a risk; write there:\n{}{}{}{}", file_name,
                                node_line(identity), secrets_line(identity), nodes_line(identity),
                                socket_line(identity)));
    }
    return out;
}

Result<bool> fill_edge_file(const std::string& path, const EdgeIdentity& identity) {
    const auto place = look_at(path);
    if (!place) {
        return tl::unexpected(place.error());
    }
    const auto filled = place->text ? filled_edge_file(*place->text, path, identity) : new_edge_file(identity);
    if (!filled) {
        return tl::unexpected(filled.error());
    }
    if (place->text == *filled) {
        return false;
    }
    if (auto done = replace_file(place->path, *filled, place->owner); !done) {
        return tl::unexpected(done.error());
    }
    return true;
}

Result<void> check_edge_file(const std::string& path, const EdgeIdentity& identity) {
    const auto place = look_at(path);
    if (!place) {
        return tl::unexpected(place.error());
    }
    const auto filled = filled_edge_file(place->text.value_or(""), path, identity);
    return filled ? Result<void>{} : tl::unexpected(filled.error());
}

}  // namespace izar
