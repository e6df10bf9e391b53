// No key of edge.yaml is forgotten: the reader itself says which keys it knows, and each is given a wrong value once.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "dataplane/config/edge_config.h"
#include "dataplane/config/edge_config_example.h"
#include "dataplane/config/yaml_tree.h"

namespace izar {
namespace {

constexpr char kNoKey[] = "zzzzzzzz";

struct Value {
    const YamlNode* node;
    std::string path;  // "services[0].origins[1].port"
};

void list_values(const YamlNode& node, const std::string& path, std::vector<Value>& out) {
    out.push_back({&node, path});
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        list_values(node.items[i], fmt::format("{}[{}]", path, i), out);
    }
    for (const YamlEntry& entry : node.entries) {
        list_values(entry.value, path.empty() ? entry.key : path + "." + entry.key, out);
    }
}

// The file as text again, a key or item a line, with one value replaced by `wrong` or one map given an unknown key.
class Rewriter {
  public:
    const YamlNode* replaced = nullptr;
    std::string wrong;
    const YamlNode* extended = nullptr;
    SourceMark mark;  // of the replaced value

    std::string text(const YamlNode& root) {
        out_.clear();
        write(root);
        return out_;
    }

  private:
    void write(const YamlNode& node) {
        if (&node == replaced) {
            const auto line_start = out_.rfind('\n') + 1;  // 0 in the first line, as npos + 1
            mark = {static_cast<int>(std::count(out_.begin(), out_.end(), '\n')) + 1,
                    static_cast<int>(out_.size() - line_start) + 1};
            out_ += wrong;
        } else if (node.kind == YamlKind::scalar) {
            out_ += fmt::format("\"{}\"", node.scalar);
        } else if (node.kind == YamlKind::sequence) {
            out_ += "[\n";
            for (const YamlNode& item : node.items) {
                write(item);
                out_ += ",\n";
            }
            out_ += "]";
        } else {
            out_ += "{\n";
            if (&node == extended) {
                out_ += fmt::format("{}: 0,\n", kNoKey);
            }
            for (const YamlEntry& entry : node.entries) {
                out_ += entry.key + ": ";
                write(entry.value);
                out_ += ",\n";
            }
            out_ += "}";
        }
    }
    std::string out_;
};

class EdgeConfigKeys : public testing::Test {
  protected:
    const YamlNode root = *parse_yaml(kFullEdgeYaml, "edge.yaml");
    std::vector<Value> values;
    Rewriter rewriter;

    void SetUp() override {
        list_values(root, "", values);
        ASSERT_TRUE(parse_edge_config(rewriter.text(root), "edge.yaml").has_value());
    }
    // What is said of the file as it is rewritten now.
    std::string error() {
        const auto config = parse_edge_config(rewriter.text(root), "edge.yaml");
        return config ? "" : config.error().text;
    }
    // The keys that the reader says it knows in a map.
    std::set<std::string> known_in(const YamlNode& map) {
        rewriter.extended = &map;
        const std::string told = error();
        rewriter.extended = nullptr;
        std::smatch match;
        EXPECT_TRUE(std::regex_search(told, match, std::regex("unknown key 'zzzzzzzz' in [^;]*; known are ([^\n]*)")))
            << told;
        const std::string list = match[1];
        const std::regex word("[a-z_0-9]+");
        return {std::sregex_token_iterator(list.begin(), list.end(), word), {}};
    }
};

// "services[0].origins[1]" and "services[2].origins[0]" are maps of one kind.
std::string kind_of(const std::string& path) {
    return std::regex_replace(path, std::regex("\\[[0-9]+\\]"), "[]");
}

TEST_F(EdgeConfigKeys, EachThatTheReaderKnowsStandsInTheExample) {
    std::map<std::string, std::set<std::string>> known;
    std::map<std::string, std::set<std::string>> shown;
    for (const Value& value : values) {
        if (value.node->kind == YamlKind::map) {
            known[kind_of(value.path)].merge(known_in(*value.node));
            for (const YamlEntry& entry : value.node->entries) {
                shown[kind_of(value.path)].insert(entry.key);
            }
        }
    }
    EXPECT_EQ(known, shown);
    EXPECT_EQ(known.at("overlay"), std::set<std::string>{"port"});
}

TEST_F(EdgeConfigKeys, EachWithAValueOfTheWrongKindIsToldAtItsPlace) {
    for (const Value& value : values) {
        if (value.path.empty()) {
            continue;
        }
        rewriter.replaced = value.node;
        rewriter.wrong = value.node->kind == YamlKind::scalar ? "[wrong]" : "wrong";
        const std::string told = error();
        const std::string place =
            fmt::format("edge.yaml:{}:{}: {}", rewriter.mark.line, rewriter.mark.column, value.path);
        const auto at = told.find(place + ": ");
        EXPECT_NE(at, std::string::npos) << place << " is not in:\n" << told;
        EXPECT_GT(told.find('\n', at) - at, place.size() + 10) << "no sentence: " << told;
    }
}

TEST_F(EdgeConfigKeys, EachLeftEmptyIsTold) {
    for (const Value& value : values) {
        if (value.path.empty() || value.node->kind != YamlKind::scalar) {
            continue;
        }
        rewriter.replaced = value.node;
        rewriter.wrong = "~";
        const std::string told = error();
        EXPECT_NE(told.find(value.path), std::string::npos) << value.path << " is not in:\n" << told;
    }
}

}  // namespace
}  // namespace izar
