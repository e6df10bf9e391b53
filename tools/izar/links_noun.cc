// `izar links [--heat]`: the mesh as a table of links, or as a map of nodes by nodes.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/izar/controller_client.h"
#include "tools/izar/heat_map.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

using Json = nlohmann::json;

// Of what standard output is: colours only for people, who may refuse them (https://no-color.org).
HeatStyle output_style() {
    HeatStyle out;
    winsize window{};
    if (isatty(STDOUT_FILENO) != 0) {
        out.colours = std::getenv("NO_COLOR") == nullptr;
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
            out.width = window.ws_col;
        }
    }
    return out;
}

int show_heat(const ControllerTarget& target, const Json& links) {
    const auto nodes = controller_answer(target, {{"do", "nodes"}});
    if (!nodes) {
        fmt::print(stderr, "izar: {}\n", nodes.error().text);
        return kExitFailed;
    }
    fmt::print("{}", heat_map(links, nodes->value("nodes", Json::array()), output_style()));
    return kExitDone;
}

// Nodes by their names, where somebody tells them.
Json with_names(Json links, const ControllerTarget& target) {
    const auto nodes = controller_answer(target, {{"do", "nodes"}});
    std::map<Json, Json> names;
    for (const Json& node : nodes ? nodes->value("nodes", Json::array()) : Json::array()) {
        names[node.value("id", Json())] = node.value("name", Json());
    }
    for (Json& link : links) {
        for (const char* const end : {"from", "to"}) {
            const auto found = names.find(link.value(end, Json()));
            link[end] = found == names.end() ? link.value(end, Json()) : found->second;
        }
    }
    return links;
}

int show_links(const ControllerTarget& target, bool heat) {
    int code = kExitDone;
    const int asked = ask_controller(target, {{"do", "links"}}, [&](const Json& answer) {
        const Json links = answer.value("links", Json::array());
        if (heat) {
            code = show_heat(target, links);
        } else {
            print_table(with_names(links, target), {"from", "to", "state", "rtt_ms", "loss_ratio"});
        }
    });
    return asked == kExitDone ? code : asked;
}

}  // namespace

void add_links_noun(CLI::App& app, Action& run) {
    const auto target = std::make_shared<ControllerTarget>();
    const auto heat = std::make_shared<bool>(false);
    CLI::App* noun = app.add_subcommand("links", "All links, as their near ends measure them");
    add_local_target(*noun, target);
    add_watch(*noun, target);
    noun->add_flag("--heat", *heat, "As a map: RTT from each node to each, coloured on a terminal");
    noun->callback([=, &run] { run = [=] { return watched(*target, [&] { return show_links(*target, *heat); }); }; });
}

}  // namespace izar
