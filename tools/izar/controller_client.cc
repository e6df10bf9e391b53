#include "tools/izar/controller_client.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <system_error>
#include <thread>
#include <utility>

#include "ctrl/http/api_client.h"
#include "dataplane/base/ip_address.h"
#include "dataplane/base/types.h"
#include "tools/izar/control_client.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

using Json = nlohmann::json;

constexpr Nanos kPatience = std::chrono::seconds{10};
constexpr const char* kTokenVariable = "IZAR_API_TOKEN";
constexpr const char* kOwnToken = "/var/lib/izar/controller/api.token";
constexpr const char* kClearScreen = "\x1b[H\x1b[2J";  // ECMA-48: cursor home, erase in page

// Of the file, which "-" makes standard input; else the variable's, else that of this machine's controller. Read once:
// standard input has it but once, and with --watch it is needed again.
Result<std::string> read_token(const std::string& path) {
    static std::map<std::string, std::string> read;
    if (const auto known = read.find(path); known != read.end()) {
        return known->second;
    }
    const char* const variable = std::getenv(kTokenVariable);
    if (path.empty() && variable != nullptr) {
        return std::string(variable);
    }
    const std::string name = path.empty() ? kOwnToken : path;
    std::ifstream file(name);
    std::string out;
    if (!std::getline(name == "-" ? std::cin : file, out)) {
        return fail(fmt::format("{}: cannot be read; give a copy of the controller's api.token", name));
    }
    return read[path] = out;
}

Json flat(const Json& pairs, const std::string& prefix = "") {
    Json out = Json::object();
    for (const auto& [key, value] : pairs.items()) {
        if (value.is_object()) {
            out.update(flat(value, prefix + key + "."));
        } else {
            out[prefix + key] = value;
        }
    }
    return out;
}

Result<std::string> ask(const ControllerTarget& target, const std::string& request) {
    if (target.api.empty()) {
        const auto socket = target_socket(target, kRunDirectory);
        if (!socket) {
            return tl::unexpected(socket.error());
        }
        auto reply = ask_node(*socket, request, kPatience);
        if (!reply || !reply->ok) {
            return fail(reply ? reply->text : reply.error().text);
        }
        return std::move(reply->text);
    }
    const auto token = read_token(target.token_file);
    if (!token) {
        return tl::unexpected(token.error());
    }
    return ask_api({api_place(target.api), *token, target.authority}, request, kPatience);
}

}  // namespace

std::string api_place(const std::string& api) {
    constexpr std::uint16_t kApiPort = 7444;
    if (const auto bare = IpAddress::parse(api); bare && bare->family() == Family::ipv6) {
        return fmt::format("[{}]:{}", api, kApiPort);
    }
    const bool has_port = api.rfind(':') != std::string::npos && !api.ends_with(']');
    return has_port ? api : fmt::format("{}:{}", api, kApiPort);
}

Result<std::string> target_socket(const ControllerTarget& target, const std::string& run_directory) {
    if (!target.socket.empty()) {
        return target.socket;
    }
    const std::string controller = run_directory + "/controller.sock";
    std::error_code ignored;
    if (!target.local && std::filesystem::is_socket(controller, ignored)) {
        return controller;
    }
    auto agent = find_agent_socket(target.node, run_directory);
    if (!agent && !target.local) {
        return fail(fmt::format("{}, or a controller with --api", agent.error().text));
    }
    return agent;
}

void add_controller_target(CLI::App& command, const std::shared_ptr<ControllerTarget>& target) {
    auto* const socket = command.add_option(
        "--socket", target->socket,
        "A controller's or agent's socket; default: this machine's controller's, without one its node's agent's");
    command.add_option("--api", target->api, "HOST[:PORT] of a controller's HTTPS API; port 7444 unless told")
        ->excludes(socket);
    command.add_option("--token-file", target->token_file,
                       "For --api: a copy of the controller's api.token, - for standard input; without it the variable "
                       "IZAR_API_TOKEN, or else this machine's controller's");
    command.add_option("--authority", target->authority, "For --api: the controller's authority.crt")
        ->capture_default_str();
    command.add_option("-o,--output", target->output, "table or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
}

void add_local_target(CLI::App& command, const std::shared_ptr<ControllerTarget>& target) {
    add_controller_target(command, target);
    auto* const local = command.add_flag("--local", target->local, "This machine's node, by its agent");
    local->excludes(command.get_option("--socket"))->excludes(command.get_option("--api"));
    command.add_option("--node", target->node, "Of several nodes on this machine the one to ask")->needs(local);
}

void add_watch(CLI::App& command, const std::shared_ptr<ControllerTarget>& target) {
    command
        .add_option_function<double>(
            "--watch", [=](double seconds) { target->watch_s = seconds; },
            "Look again every so many seconds, 2 unless told, until it is ended")
        ->expected(0, 1)
        ->default_str("2")
        ->type_name("[SECONDS]")
        ->check(CLI::Range(0.1, 86'400.0));
}

int watched(const ControllerTarget& target, const std::function<int()>& look) {
    const bool redraws = target.output == "table" && isatty(STDOUT_FILENO) != 0;
    while (target.watch_s > 0) {
        fmt::print("{}", redraws ? kClearScreen : "");
        (void)look();
        std::fflush(stdout);
        std::this_thread::sleep_for(std::chrono::duration<double>(target.watch_s));
    }
    return look();
}

namespace {

// One of a list: an origin as ADDRESS:PORT, a VIP at a node as NODE=ADDRESS.
std::string item_text(const Json& item) {
    if (!item.is_object() || !item.contains("address")) {
        return cell(item);
    }
    return item.contains("node") ? fmt::format("{}={}", cell(item["node"]), cell(item["address"]))
                                 : fmt::format("{}:{}", cell(item["address"]), cell(item.value("port", Json())));
}

}  // namespace

std::string cell(const Json& value) {
    if (value.is_null()) {
        return "-";
    }
    if (value.is_array()) {
        std::string out;
        for (const Json& each : value) {
            out += (out.empty() ? "" : ",") + item_text(each);
        }
        return out.empty() ? "-" : out;
    }
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string table_text(const Json& rows, const std::vector<std::string>& columns) {
    struct Column {
        std::string name;
        std::size_t width;
    };
    std::vector<Column> told;
    for (const std::string& name : columns) {
        const auto has_it = [&](const Json& row) { return row.contains(name); };
        if (rows.empty() || std::ranges::any_of(rows, has_it)) {
            told.push_back({name, name.size()});
        }
    }
    for (Column& column : told) {
        for (const Json& row : rows) {
            column.width = std::max(column.width, cell(row.value(column.name, Json())).size());
        }
    }
    std::string out;
    const auto add_line = [&](auto text_of) {
        std::string line;
        for (const Column& column : told) {
            line += fmt::format("{:<{}}", text_of(column.name), column.width + 2);
        }
        out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    };
    add_line([](const std::string& name) { return name; });
    for (const Json& row : rows) {
        add_line([&](const std::string& name) { return cell(row.value(name, Json())); });
    }
    return out;
}

void print_table(const Json& rows, const std::vector<std::string>& columns) {
    fmt::print("{}", table_text(rows, columns));
}

std::string pairs_text(const Json& pairs) {
    const Json all = flat(pairs);
    std::size_t width = 0;
    for (const auto& [key, value] : all.items()) {
        width = std::max(width, key.size());
    }
    std::string out;
    for (const auto& [key, value] : all.items()) {
        out += fmt::format("{:<{}}  {}\n", key, width, cell(value));
    }
    return out;
}

void print_pairs(const Json& pairs) {
    fmt::print("{}", pairs_text(pairs));
}

Result<Json> controller_answer(const ControllerTarget& target, const Json& request) {
    const auto body = ask(target, request.dump());
    if (!body) {
        return tl::unexpected(body.error());
    }
    Json answer = Json::parse(*body, nullptr, false);
    if (!answer.is_object()) {
        return fail("the controller's answer is not the JSON that this izar reads; upgrade the older of the two");
    }
    return answer;
}

int ask_controller(const ControllerTarget& target, const Json& request, const std::function<void(const Json&)>& show) {
    const auto body = ask(target, request.dump());
    if (!body) {
        fmt::print(stderr, "izar: {}\n", body.error().text);
        return kExitFailed;
    }
    const Json answer = Json::parse(*body, nullptr, false);
    if (target.output == "json" || answer.is_discarded()) {
        fmt::print("{}\n", *body);
    } else {
        show(answer);
    }
    return kExitDone;
}

}  // namespace izar
