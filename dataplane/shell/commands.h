// commands.h -- The commands of a node, as one list: words, help, and the function that answers.
//
// A new command is a new line in commands.cc. `usage` is its grammar as well as its help: words are
// separated by one blank, alternatives by '|'; PORT stands for a port's number, its name or "all", and
// NUMBER for a whole number, NODE for
// the name of a node. A command with `has_json` also takes a last word "json".
//
// Thread: the main thread, as everything that holds a NodeView.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/shell/node_view.h"

namespace izar {

// What a command answers. The text ends in a newline unless it is empty.
struct Reply {
    bool ok = true;
    std::string text;
};

struct Invocation {
    const NodeView& view;
    NodeControl& control;
    std::vector<std::string> words;  // as typed, without "json"
    bool json = false;
};

struct Command {
    const char* usage;
    const char* section;
    const char* help;
    bool has_json;
    Reply (*run)(const Invocation&);
};

std::span<const Command> all_commands();

// "help": every command, or those of one section; an unknown section is an error that lists them.
Reply help_text(std::string_view section);
std::string usage_line(const Command& command);  // the usage, with "[json]" where it applies

inline constexpr std::size_t kMostFlowsShown = 1000;
inline constexpr std::uint32_t kMostRewrites = 100'000;  // per second

}  // namespace izar
