#include "dataplane/config/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include "dataplane/base/check.h"

namespace izar {
namespace {

SourceMark to_mark(const YAML::Mark& mark) {
    return {mark.line + 1, mark.column + 1};
}

// Leaves yaml-cpp's parser from inside an event; caught by parse_yaml, never seen outside.
struct Refusal {
    SourceMark mark;
    std::string text;
};

// Builds the tree from yaml-cpp's events. A map's events alternate between keys and values.
class TreeBuilder final : public YAML::EventHandler {
  public:
    YamlNode take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0) {
            refuse(mark, "a second document begins here; keep one document in a file");
        }
    }
    void OnDocumentEnd() override { CHECK(open_.empty()); }

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        add({.kind = YamlKind::null, .mark = to_mark(mark)});
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, "aliases (*name) are not supported; write the value out");
    }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        add({.kind = YamlKind::scalar, .mark = to_mark(mark), .scalar = value});
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        refuse_anchor(mark, anchor);
        open({.kind = YamlKind::sequence, .mark = to_mark(mark)});
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        refuse_anchor(mark, anchor);
        open({.kind = YamlKind::map, .mark = to_mark(mark)});
    }
    void OnMapEnd() override { close(); }

  private:
    // A list or map whose end has not come yet, and the key that waits for its value.
    struct Open {
        YamlNode node;
        bool has_key = false;
        YamlEntry entry;
    };

    [[noreturn]] static void refuse(const YAML::Mark& mark, std::string text) {
        throw Refusal{to_mark(mark), std::move(text)};
    }
    static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            refuse(mark, "anchors (&name) are not supported; write the value out where it is needed");
        }
    }

    void count(const SourceMark& mark) {
        if (++nodes_ > kMaxYamlNodes) {
            throw Refusal{mark, fmt::format("the file has more than {} values; split or shorten it", kMaxYamlNodes)};
        }
    }

    void open(YamlNode node) {
        count(node.mark);
        if (open_.size() >= kMaxYamlDepth) {
            throw Refusal{node.mark, fmt::format("nested deeper than {} levels", kMaxYamlDepth)};
        }
        if (!open_.empty() && open_.back().node.kind == YamlKind::map && !open_.back().has_key) {
            throw Refusal{node.mark, "a key must be plain text, not a list or a map"};
        }
        open_.push_back({.node = std::move(node), .has_key = false, .entry = {}});
    }

    void close() {
        YamlNode node = std::move(open_.back().node);
        open_.pop_back();
        place(std::move(node));
    }

    void add(YamlNode node) {
        count(node.mark);
        place(std::move(node));
    }

    void place(YamlNode node) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& parent = open_.back();
        if (parent.node.kind == YamlKind::sequence) {
            parent.node.items.push_back(std::move(node));
        } else if (parent.has_key) {
            if (node.kind == YamlKind::null) {
                node.mark = parent.entry.key_mark;  // yaml-cpp's is that of whatever follows
            }
            parent.entry.value = std::move(node);
            parent.node.entries.push_back(std::move(parent.entry));
            parent.entry = {};
            parent.has_key = false;
        } else if (node.kind == YamlKind::scalar) {
            parent.entry.key = std::move(node.scalar);
            parent.entry.key_mark = node.mark;
            parent.has_key = true;
        } else {
            throw Refusal{node.mark, "a key must be plain text"};
        }
    }

    YamlNode root_;
    std::vector<Open> open_;
    std::size_t nodes_ = 0;
    int documents_ = 0;
};

}  // namespace

Result<YamlNode> parse_yaml(const std::string& text, std::string_view file_name) {
    const auto error = [&](SourceMark mark, std::string_view what) {
        return fail(fmt::format("{}:{}:{}: {}", file_name, mark.line, mark.column, what));
    };
    if (text.size() > kMaxYamlBytes) {
        return error({1, 1}, fmt::format("the file has {} bytes; at most {} are read", text.size(), kMaxYamlBytes));
    }
    if (const auto nul = text.find('\0'); nul != std::string::npos) {
        return error({1, 1}, fmt::format("byte {} is NUL; the file must be plain text", nul));
    }
    try {
        std::istringstream stream(text);
        YAML::Parser parser(stream);
        TreeBuilder builder;
        while (parser.HandleNextDocument(builder)) {
        }
        return builder.take();
    } catch (const Refusal& refusal) {
        return error(refusal.mark, refusal.text);
    } catch (const YAML::Exception& e) {
        return error(to_mark(e.mark), fmt::format("not valid YAML: {}", e.msg));
    } catch (const std::exception& e) {
        return error({1, 1}, fmt::format("not valid YAML: {}", e.what()));
    }
}

}  // namespace izar
