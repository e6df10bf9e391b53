// `izar events [--follow]`: what happened in the fleet lately, and what happens now.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "tools/izar/controller_client.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

using Json = nlohmann::json;

constexpr auto kLook = std::chrono::milliseconds{500};  // between two questions for what is new

void print_event(const ControllerTarget& target, const Json& event) {
    if (target.output == "json") {
        fmt::print("{}\n", event.dump());
        return;
    }
    const auto at_ms = static_cast<std::int64_t>(event.value("at_s", 0.0) * 1'000 + 0.5);
    fmt::print("{:%Y-%m-%dT%H:%M:%S}.{:03}Z  {:<12} {}\n", fmt::gmtime(static_cast<std::time_t>(at_ms / 1'000)),
               at_ms % 1'000, event.value("kind", ""), event.value("text", ""));
}

// Prints what came after `number`, which becomes the number of the last one.
Result<void> print_events(const ControllerTarget& target, std::uint64_t& number) {
    const auto answer = controller_answer(target, {{"do", "events"}, {"after", number}});
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    for (const Json& event : answer->value("events", Json::array())) {
        print_event(target, event);
        number = std::max(number, event.value("number", number));
    }
    std::fflush(stdout);
    return {};
}

// Until the user ends it; while no controller answers it says so, once, and goes on.
[[noreturn]] void follow(const ControllerTarget& target, std::uint64_t number) {
    bool complained = false;
    while (true) {
        std::this_thread::sleep_for(kLook);
        const auto printed = print_events(target, number);
        if (!printed && !std::exchange(complained, true)) {
            fmt::print(stderr, "izar: {}\n", printed.error().text);
        }
        complained = complained && !printed;
    }
}

}  // namespace

void add_events_noun(CLI::App& app, Action& run) {
    const auto target = std::make_shared<ControllerTarget>();
    const auto follows = std::make_shared<bool>(false);
    CLI::App* noun = app.add_subcommand("events", "What happened in the fleet lately: links, nodes, agents, changes");
    add_controller_target(*noun, target);
    noun->add_flag("--follow", *follows, "And what happens from now on");
    noun->callback([=, &run] {
        run = [=] {
            std::uint64_t number = 0;
            if (const auto printed = print_events(*target, number); !printed) {
                fmt::print(stderr, "izar: {}\n", printed.error().text);
                return static_cast<int>(kExitFailed);
            }
            if (*follows) {
                follow(*target, number);
            }
            return static_cast<int>(kExitDone);
        };
    });
}

}  // namespace izar
