#include "tools/izar/controller_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "ctrl/http/api_client.h"
#include "dataplane/base/types.h"
#include "tools/izar/control_client.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

using Json = nlohmann::json;

constexpr Nanos kPatience = std::chrono::seconds{10};

Result<std::string> read_token(const std::string& path) {
    std::ifstream file(path);
    std::string out;
    if (!std::getline(file, out)) {
        return fail(fmt::format("{}: cannot be read; give a copy of the controller's api.token", path));
    }
    return out;
}

Result<std::string> ask(const ControllerTarget& target, const std::string& request) {
    if (target.api.empty()) {
        auto reply = ask_node(target.socket, request, kPatience);
        if (!reply || !reply->ok) {
            return fail(reply ? reply->text : reply.error().text);
        }
        return std::move(reply->text);
    }
    const auto token = read_token(target.token_file);
    if (!token) {
        return tl::unexpected(token.error());
    }
    return ask_api({target.api, *token, target.authority}, request, kPatience);
}

}  // namespace

void add_controller_target(CLI::App& command, const std::shared_ptr<ControllerTarget>& target) {
    command.add_option("--socket", target->socket, "The controller's operator socket")->capture_default_str();
    command.add_option("--api", target->api, "HOST:PORT of a controller's HTTPS API, instead of --socket");
    command.add_option("--token-file", target->token_file, "For --api: the controller's api.token")
        ->capture_default_str();
    command.add_option("--authority", target->authority, "For --api: the controller's authority.crt")
        ->capture_default_str();
    command.add_option("-o,--output", target->output, "table or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
}

std::string cell(const Json& value) {
    if (value.is_null()) {
        return "-";
    }
    if (value.is_array()) {
        std::string out;
        for (const Json& each : value) {
            const bool origin = each.is_object() && each.contains("address");
            const std::string text =
                origin ? fmt::format("{}:{}", each["address"].get<std::string>(), each["port"].get<unsigned>())
                       : cell(each);
            out += (out.empty() ? "" : ",") + text;
        }
        return out.empty() ? "-" : out;
    }
    return value.is_string() ? value.get<std::string>() : value.dump();
}

void print_table(const Json& rows, const std::vector<std::string>& columns) {
    std::vector<std::size_t> widths;
    for (const std::string& column : columns) {
        std::size_t width = column.size();
        for (const Json& row : rows) {
            width = std::max(width, cell(row.value(column, Json())).size());
        }
        widths.push_back(width);
    }
    const auto print_line = [&](auto text_of) {
        std::string line;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            line += fmt::format("{:<{}}", text_of(columns[i]), widths[i] + 2);
        }
        fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
    };
    print_line([](const std::string& column) { return column; });
    for (const Json& row : rows) {
        print_line([&](const std::string& column) { return cell(row.value(column, Json())); });
    }
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
