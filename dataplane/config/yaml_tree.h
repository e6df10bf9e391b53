// yaml_tree.h -- One YAML document as a tree that remembers where each part stands in the file.
//
// yaml-cpp scans and parses; the tree is ours, because its own nodes lose the position of keys, keep the
// last of two equal keys in silence, and share memory through aliases. Here every limit is a named one,
// and every input, however hostile, ends in a tree or in one error.
//
// Thread: values only; parse_yaml may be called from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace izar {

inline constexpr std::size_t kMaxYamlBytes = std::size_t{4} << 20;  // a file; 4,096 full services take about 2 MiB
inline constexpr std::size_t kMaxYamlNodes = 500'000;               // scalars, lists and maps of a file
inline constexpr std::size_t kMaxYamlDepth = 32;                    // nesting; our files need 6

// A place in a file, both counted from 1. Line 0: no place in particular.
struct SourceMark {
    int line = 0;
    int column = 0;  // bytes, not glyphs
};

enum class YamlKind : unsigned char { null, scalar, sequence, map };

struct YamlEntry;

struct YamlNode {
    YamlKind kind = YamlKind::null;
    SourceMark mark;
    std::string scalar;              // kind == scalar
    std::vector<YamlNode> items;     // kind == sequence
    std::vector<YamlEntry> entries;  // kind == map, in the order of the file, keys as they stand there
};

struct YamlEntry {
    std::string key;
    SourceMark key_mark;
    YamlNode value;
};

// Parses exactly one document. Aliases, anchors and keys that are not plain text are refused. An empty
// text is a null node. An error is one line: "file:line:column: what is wrong and what to do".
Result<YamlNode> parse_yaml(const std::string& text, std::string_view file_name);

}  // namespace izar
