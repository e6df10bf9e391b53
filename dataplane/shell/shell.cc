#include "dataplane/shell/shell.h"

#include <cmdline.h>
#include <cmdline_parse.h>
#include <cmdline_parse_string.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <new>
#include <vector>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr std::size_t kMaxWords = 8;

// What rte_cmdline parses a line into: every token of ours is a string.
struct ParsedWords {
    cmdline_fixed_string_t word[kMaxWords];
};
static_assert(sizeof(ParsedWords) <= CMDLINE_PARSE_RESULT_BUFSIZE);

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> out;
    std::size_t begin = 0;
    while ((begin = text.find_first_not_of(" \t", begin)) != std::string_view::npos) {
        const std::size_t end = std::min(text.find_first_of(" \t", begin), text.size());
        out.emplace_back(text.substr(begin, end - begin));
        begin = end;
    }
    return out;
}

// rte_cmdline's notation of a token: alternatives separated by '#', nullptr for any word.
std::string token_choices(const std::string& word, const std::string& port_choices) {
    if (word == "PORT") {
        return port_choices;
    }
    std::string out = word;
    std::replace(out.begin(), out.end(), '|', '#');
    return out;
}

bool takes_any_word(const std::string& grammar_word) {
    return grammar_word == "NUMBER" || grammar_word == "NODE" || grammar_word == "POLICY";
}

bool word_fits(const std::string& grammar_word, const std::string& typed) {
    if (grammar_word == "PORT" || takes_any_word(grammar_word)) {
        return true;
    }
    const std::string all = "|" + grammar_word + "|";
    return all.find("|" + typed + "|") != std::string::npos;
}

// The usages that agree with the typed words for as long as any does: what was probably meant.
std::string hint(const std::vector<std::string>& typed) {
    std::size_t longest = 0;
    std::vector<const Command*> nearest;
    for (const Command& command : all_commands()) {
        const auto grammar = split_words(command.usage);
        std::size_t fits = 0;
        while (fits < std::min(grammar.size(), typed.size()) && word_fits(grammar[fits], typed[fits])) {
            ++fits;
        }
        if (fits > longest) {
            longest = fits;
            nearest.clear();
        }
        if (fits == longest && fits > 0) {
            nearest.push_back(&command);
        }
    }
    std::string out;
    for (const Command* command : nearest) {
        out += fmt::format("    {:<32} {}\n", usage_line(*command), command->help);
    }
    return out;
}

}  // namespace

// Owns what rte_cmdline points into: instances, tokens and their texts, at addresses that stay.
struct Shell::Grammar {
    struct Entry {
        Grammar* grammar = nullptr;
        const Command* command = nullptr;
        std::size_t words = 0;
        bool json = false;
    };
    struct InstanceDeleter {
        void operator()(cmdline_parse_inst_t* instance) const { ::operator delete(instance); }
    };

    std::deque<std::string> texts;
    std::deque<cmdline_token_string> tokens;
    std::deque<Entry> entries;
    std::vector<std::unique_ptr<cmdline_parse_inst_t, InstanceDeleter>> instances;
    std::vector<cmdline_parse_inst_t*> context;  // ends in nullptr
    cmdline* parser = nullptr;

    // Set by on_match during one cmdline_parse.
    const Entry* matched = nullptr;
    std::vector<std::string> matched_words;

    ~Grammar() {
        if (parser != nullptr) {
            cmdline_free(parser);
        }
    }

    static void on_match(void* parsed, cmdline*, void* data) {
        const auto& entry = *static_cast<const Entry*>(data);
        const auto& words = *static_cast<const ParsedWords*>(parsed);
        entry.grammar->matched = &entry;
        entry.grammar->matched_words.clear();
        for (std::size_t i = 0; i < entry.words; ++i) {
            entry.grammar->matched_words.emplace_back(words.word[i]);
        }
    }

    void add(const Command& command, bool json, const std::string& port_choices) {
        auto words = split_words(command.usage);
        entries.push_back({.grammar = this, .command = &command, .words = words.size(), .json = json});
        if (json) {
            words.emplace_back("json");
        }
        CHECK(words.size() <= kMaxWords);
        // A cmdline_inst ends in a flexible array of token pointers, itself ended by a null pointer.
        const std::size_t bytes = sizeof(cmdline_parse_inst_t) + (words.size() + 1) * sizeof(void*);
        auto* instance = static_cast<cmdline_parse_inst_t*>(::operator new(bytes));
        instances.emplace_back(instance);
        instance->f = on_match;
        instance->data = &entries.back();
        instance->help_str = command.help;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const bool any = takes_any_word(words[i]);
            texts.push_back(token_choices(words[i], port_choices));
            const auto offset = static_cast<unsigned>(offsetof(ParsedWords, word) + i * sizeof(cmdline_fixed_string_t));
            tokens.push_back({.hdr = {.ops = &cmdline_token_string_ops, .offset = offset},
                              .string_data = {.str = any ? nullptr : texts.back().c_str()}});
            instance->tokens[i] = &tokens.back().hdr;
        }
        instance->tokens[words.size()] = nullptr;
        context.push_back(instance);
    }
};

Shell::Shell(const NodeView& view, NodeControl& control)
    : view_(view), control_(control), grammar_(std::make_unique<Grammar>()) {
    std::string port_choices = "all";
    for (const PortInfo& port : view.port_infos()) {
        port_choices += fmt::format("#{}#{}", port.port, port.name);
    }
    for (const Command& command : all_commands()) {
        grammar_->add(command, false, port_choices);
        if (command.has_json) {
            grammar_->add(command, true, port_choices);
        }
    }
    grammar_->context.push_back(nullptr);
    grammar_->parser = cmdline_new(grammar_->context.data(), "", -1, -1);
    CHECK(grammar_->parser != nullptr);
}

Shell::~Shell() = default;

Reply Shell::execute(std::string_view line) {
    const auto typed = split_words(line);
    if (typed.empty() || typed[0][0] == '#' || typed[0][0] == '!') {
        return {};
    }
    const bool printable =
        std::all_of(line.begin(), line.end(), [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
    if (line.size() >= kLongestLine || !printable) {
        return {.ok = false,
                .text = fmt::format("Bad arguments: a command is one line of fewer than {} plain characters\n",
                                    kLongestLine)};
    }
    grammar_->matched = nullptr;
    const int status = cmdline_parse(grammar_->parser, fmt::format("{}\n", line).c_str());
    if (status >= 0 && grammar_->matched != nullptr) {
        const auto& entry = *grammar_->matched;
        return entry.command->run(
            {.view = view_, .control = control_, .words = grammar_->matched_words, .json = entry.json});
    }
    const std::string usages = hint(typed);
    if (usages.empty()) {
        return {.ok = false, .text = fmt::format("Command not found: '{}'; type help for a list\n", typed[0])};
    }
    return {.ok = false, .text = "Bad arguments; did you mean:\n" + usages};
}

int Shell::complete(const char* line, int* state, char* out, unsigned int size) {
    return cmdline_complete(grammar_->parser, line, state, out, size);
}

Result<void> run_command_file(Shell& shell, const std::string& path, std::string& out) {
    std::ifstream file(path);
    if (!file) {
        return fail(fmt::format("{}: {}; give a file with one command a line", path, std::strerror(errno)));
    }
    int number = 0;
    int failed_at = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        const Reply reply = shell.execute(line);
        out += fmt::format("{}\n{}", line, reply.text);
        failed_at = reply.ok || failed_at != 0 ? failed_at : number;
    }
    if (failed_at != 0) {
        return fail(fmt::format("{}:{}: this command failed", path, failed_at));
    }
    return {};
}

}  // namespace izar
