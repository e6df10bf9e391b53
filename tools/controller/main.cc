// izar-controller: the fleet as it should be, and what its nodes measure.
//
//   izar-controller --config scheduling-config.yaml
#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cstdio>

#include "ctrl/config/scheduling_config.h"
#include "ctrl/controller/controller.h"
#include "ctrl/controller/operator_commands.h"
#include "ctrl/controller/operator_socket.h"
#include "ctrl/frames/messages.h"
#include "tools/controller/controller_options.h"
#include "tools/controller/controller_state.h"
#include "tools/controller/inventory.h"
#include "tools/controller/upkeep.h"
#include "tools/program/event_program.h"

namespace izar {
namespace {

int complain(const Error& error) {
    fmt::print(stderr, "izar-controller: {}\n", error.text);
    return 1;
}

WallTime wall_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void fill_random(std::span<std::uint8_t> bytes) {
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
}

int serve(EventLoop& loop, Store& store, const ControllerState& state, const SchedulingConfig& config,
          const DiscoveryConfig& discovery) {
    const auto today = std::chrono::floor<std::chrono::seconds>(wall_now());
    const auto credentials = state.authority.make_controller(today);
    if (!credentials) {
        return complain(credentials.error());
    }
    const auto tls = TlsContext::for_controller(*credentials, state.authority.certificate());
    auto agents = SocketAddress::parse(config.listen).and_then(listen_tcp);
    auto operators = listen_unix(config.operator_socket);
    if (!tls || !agents || !operators) {
        return complain(!tls ? tls.error() : !agents ? agents.error() : operators.error());
    }
    Controller controller({loop, store, state.authority, *tls, state.master, wall_now, log_line});
    OperatorCommands commands(controller, fill_random);
    OperatorSocket socket(loop, std::move(*operators), [&](std::string_view line) { return commands.answer(line); });
    if (auto started = controller.start(std::move(*agents)); !started) {
        return complain(started.error());
    }
    const Upkeep upkeep(loop, controller, discovery.adopt, log_line);
    bool ended = false;
    end_at_signals(loop, ended);
    log_line(fmt::format("izar-controller listens at {}", config.listen));
    while (!ended) {
        loop.run_once(std::chrono::seconds{1});
    }
    return 0;
}

std::vector<std::string> environment() {
    std::vector<std::string> out;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        out.emplace_back(*variable);
    }
    return out;
}

Result<SchedulingConfig> load_config(const std::string& path) {
    const auto text = read_config_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse_scheduling_config(*text, path, environment());
}

Result<DiscoveryConfig> take_up_discovery(Store& store, const std::string& path) {
    return path.empty() ? DiscoveryConfig{} : import_discovery_file(store, path, environment(), wall_now());
}

int run(const ControllerOptions& options) {
    auto config = load_config(options.config);
    if (!config) {
        return complain(config.error());
    }
    if (options.check || options.dump_config) {
        fmt::print("{}", options.check ? options.config + ": ok\n" : config_text(scheduling_keys(*config)));
        return 0;
    }
    if (!config->etcd.endpoints.empty()) {
        return complain({"etcd.endpoints: this izar-controller leads alone; leave the section out"});
    }
    silence_protobuf();
    const auto state =
        open_controller_state(config->state, std::chrono::floor<std::chrono::seconds>(wall_now()), fill_random);
    if (!state) {
        return complain(state.error());
    }
    auto store = open_store(*config);
    if (!store) {
        return complain(store.error());
    }
    if (!options.import_sql.empty()) {
        const auto told = import_sql_file(**store, options.import_sql, wall_now());
        if (!told) {
            return complain(told.error());
        }
        log_line(*told);
        return 0;
    }
    const auto discovery = take_up_discovery(**store, options.discovery);
    auto loop = EventLoop::make(monotonic_now, UringSize{.entries = 1'024, .buffers = 128, .buffer_bytes = 16'384});
    if (!discovery || !loop) {
        return complain(discovery ? loop.error() : discovery.error());
    }
    return serve(**loop, **store, *state, *config, *discovery);
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    const auto options = izar::parse_controller_options({argv + 1, argv + argc});
    if (!options) {
        return izar::complain(options.error());
    }
    if (!options->message.empty()) {
        fmt::print("{}\n", options->message);
        return 0;
    }
    return izar::run(*options);
}
