#include "perf/control/real_controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "ctrl/store/store.h"
#include "ctrl/store/token.h"
#include "tools/controller/controller_state.h"

namespace izar {
namespace {

std::string region_name(std::size_t region) {
    return fmt::format("r{}", region);
}

// A token for each region.
Result<std::vector<std::string>> make_tokens(Store& store, const FleetOptions& options, WallTime now) {
    std::vector<std::string> out;
    TokenRandom random{};
    const auto uses = static_cast<std::uint32_t>(options.agents);
    for (std::size_t region = 0; region < options.regions; ++region) {
        random[0] = static_cast<std::uint8_t>(region);
        random[1] = static_cast<std::uint8_t>(region >> 8);
        out.push_back(new_token(random));
        if (auto made = store.create_token(out.back(), {region_name(region), std::chrono::hours{1}, uses}, now);
            !made) {
            return fail(made.error().text);
        }
    }
    return out;
}

std::string write_config(const std::string& folder, const std::string& operator_socket, std::uint16_t port) {
    std::string out = folder + "/scheduling-config.yaml";
    std::ofstream(out) << fmt::format("listen: 127.0.0.1:{}\napi: none\noperator_socket: {}\nstate: {}\n", port,
                                      operator_socket, folder);
    return out;
}

}  // namespace

Result<std::vector<Identity>> make_fleet(const FleetOptions& options, const std::string& folder, WallTime now) {
    const auto today = std::chrono::floor<std::chrono::seconds>(now);
    const auto fill = [&](std::span<std::uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), std::uint8_t{7}); };
    const auto state = open_controller_state(folder, today, fill);
    auto store = open_sqlite_store(folder + "/izar.db", {});
    if (!state || !store) {
        return tl::unexpected(state ? store.error() : state.error());
    }
    const auto tokens = make_tokens(**store, options, now);
    if (!tokens) {
        return tl::unexpected(tokens.error());
    }
    std::vector<Identity> out;
    for (std::size_t i = 0; i < options.agents; ++i) {
        const std::size_t region = i % options.regions;
        const auto request = make_request();
        const auto address = *IpAddress::parse(fmt::format("10.{}.{}.1", i / 250, i % 250));
        Identity identity{.name = fmt::format("n{}", i), .region = region_name(region)};
        const auto record =
            (*store)->join({(*tokens)[region], identity.name, address, *request_key(request->request)}, now);
        if (!record) {
            return fail(record.error().text);
        }
        identity.id = record->id;
        const auto certificate = state->authority.sign_node(request->request, record->id, today);
        identity.credentials = {*certificate, request->key};
        identity.authority = state->authority.certificate();
        out.push_back(std::move(identity));
    }
    return out;
}

RealController::RealController(const std::string& program, std::string folder, std::uint16_t port)
    : folder_(std::move(folder)), process_(program, write_config(folder_, operator_socket(), port), folder_ + "/log") {}

}  // namespace izar
