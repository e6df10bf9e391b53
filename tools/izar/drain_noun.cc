#include "tools/izar/drain_noun.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tools/izar/controller_client.h"

namespace izar {
namespace {

using Json = nlohmann::json;

constexpr auto kLook = std::chrono::seconds{1};

int complain(const std::string& text) {
    fmt::print(stderr, "izar: {}\n", text);
    return kExitFailed;
}

// The node's row; null: there is none.
Result<Json> row_of(const ControllerTarget& target, const Json& id) {
    const auto answer = controller_answer(target, {{"do", "nodes"}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    for (const Json& row : answer->value("nodes", Json::array())) {
        if (row["id"] == id) {
            return row;
        }
    }
    return Json(nullptr);
}

// Until the node is empty. It says how many flows are left whenever that changes, for people on standard error.
int wait_until_empty(const ControllerTarget& target, const std::string& name, const Json& id) {
    Json told = Json::object();
    while (true) {
        const auto row = row_of(target, id);
        if (!row) {
            return complain(row.error().text);
        }
        if (row->is_null() || !row->value("drained", false)) {
            return complain(fmt::format("node {} is not drained any more", name));
        }
        if (row->value("empty", false)) {
            fmt::print("{}\n", target.output == "json" ? row->dump() : fmt::format("node {} is empty", name));
            return kExitDone;
        }
        if (told != (*row)["flows"]) {
            told = (*row)["flows"];
            fmt::print(stderr, "node {} holds {} flows\n", name, told.is_null() ? "an unknown number of" : told.dump());
        }
        std::this_thread::sleep_for(kLook);
    }
}

}  // namespace

void add_drain_verb(CLI::App& node_noun, Action& run) {
    const auto target = std::make_shared<ControllerTarget>();
    const auto node = std::make_shared<std::string>();
    const auto wait = std::make_shared<bool>(false);
    CLI::App* verb = node_noun.add_subcommand("drain", "Send new flows to other egresses");
    add_controller_target(*verb, target);
    verb->add_option("node", *node, "Id or name")->required();
    verb->add_flag("--wait", *wait, "Until it holds no flow any more");
    verb->callback([=, &run] {
        run = [=] {
            const auto done = controller_answer(*target, {{"do", "node drain"}, {"node", *node}, {"drained", true}});
            if (!done) {
                return complain(done.error().text);
            }
            if (*wait) {
                return wait_until_empty(*target, *node, (*done)["node"]);
            }
            fmt::print("{}\n", target->output == "json"
                                   ? done->dump()
                                   : fmt::format("done: static data {}", cell((*done)["static_version"])));
            return static_cast<int>(kExitDone);
        };
    });
}

}  // namespace izar
