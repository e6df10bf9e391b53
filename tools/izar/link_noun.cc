// `izar link rekey [--wait]`: the secrets of all links, replaced; and what was measured on them (measured_noun.h).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "tools/izar/controller_client.h"
#include "tools/izar/measured_noun.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

using Json = nlohmann::json;

constexpr auto kLook = std::chrono::milliseconds{200};
constexpr std::size_t kMostNames = 10;  // in one line

int complain(const std::string& text) {
    fmt::print(stderr, "izar: {}\n", text);
    return kExitFailed;
}

// Nodes that lack a generation of link secrets: those whose agents are here, and those that nobody can tell.
struct Lacking {
    Json here = Json::array();
    Json away = Json::array();
};

Result<Lacking> who_lacks(const ControllerTarget& target, std::uint64_t generation) {
    const auto answer = controller_answer(target, {{"do", "nodes"}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    Lacking out;
    for (const Json& row : answer->value("nodes", Json::array())) {
        const Json has = row.value("link_generation", Json());
        if (has.is_number() && has.get<std::uint64_t>() < generation) {
            (row.value("agent_connected", false) ? out.here : out.away).push_back(row.value("name", Json()));
        }
    }
    return out;
}

std::string names(const Json& list) {
    std::string out;
    for (std::size_t i = 0; i < std::min(list.size(), kMostNames); ++i) {
        out += (out.empty() ? "" : ", ") + cell(list[i]);
    }
    return list.size() > kMostNames ? fmt::format("{} and {} more", out, list.size() - kMostNames) : out;
}

// Until no node whose agent is here lacks the generation. Whom it waits for it says on standard error, for people.
int wait_until_taken(const ControllerTarget& target, Json done) {
    const std::uint64_t generation = done.value("link_generation", std::uint64_t{0});
    Json told = Json::array();
    while (true) {
        const auto lacking = who_lacks(target, generation);
        if (!lacking) {
            return complain(lacking.error().text);
        }
        if (lacking->here.empty()) {
            done["nodes_away"] = lacking->away;
            std::string text =
                fmt::format("every node whose agent is here has generation {} of link secrets", generation);
            if (!lacking->away.empty()) {
                text += fmt::format("\nnot here: {}; their links accept the former one until they are",
                                    names(lacking->away));
            }
            fmt::print("{}\n", target.output == "json" ? done.dump() : text);
            return kExitDone;
        }
        if (told != lacking->here) {
            told = lacking->here;
            fmt::print(stderr, "waiting for {}\n", names(told));
        }
        std::this_thread::sleep_for(kLook);
    }
}

void add_rekey_verb(CLI::App& noun, Action& run) {
    const auto target = std::make_shared<ControllerTarget>();
    const auto wait = std::make_shared<bool>(false);
    CLI::App* verb = noun.add_subcommand("rekey", "Replace the secrets of all links, without a packet lost");
    add_controller_target(*verb, target);
    verb->add_flag("--wait", *wait, "Until every node whose agent is here has the new ones");
    verb->callback([=, &run] {
        run = [=] {
            const auto done = controller_answer(*target, {{"do", "link rekey"}});
            if (!done) {
                return complain(done.error().text);
            }
            if (*wait) {
                return wait_until_taken(*target, *done);
            }
            fmt::print("{}\n", target->output == "json" ? done->dump()
                                                        : fmt::format("done: generation {} of link secrets",
                                                                      cell((*done)["link_generation"])));
            return static_cast<int>(kExitDone);
        };
    });
}

}  // namespace

void add_link_noun(CLI::App& app, Action& run) {
    CLI::App* noun = app.add_subcommand("link", "Links between nodes");
    noun->require_subcommand(1);
    add_rekey_verb(*noun, run);
    add_measured_verbs(*noun, run);
}

}  // namespace izar
