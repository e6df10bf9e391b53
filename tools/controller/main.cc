// izar-controller: the fleet as it should be, and what its nodes measure.
//
//   izar-controller --config scheduling-config.yaml
#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "ctrl/config/discovery_config.h"
#include "ctrl/config/scheduling_config.h"
#include "ctrl/etcd/election.h"
#include "ctrl/frames/messages.h"
#include "ctrl/http/http_server.h"
#include "ctrl/metrics/metrics_server.h"
#include "ctrl/operator/operator_socket.h"
#include "sched/policy_file.h"
#include "tools/controller/controller_options.h"
#include "tools/controller/controller_state.h"
#include "tools/controller/inventory.h"
#include "tools/controller/own_certificate.h"
#include "tools/controller/reload.h"
#include "tools/controller/seat.h"
#include "tools/program/event_program.h"
#include "tools/program/large_blocks.h"

namespace izar {
namespace {

constexpr Nanos kMostSilence = std::chrono::seconds{5};  // of a loop that leads; beginning to lead may take a while

int complain(const Error& error) {
    fmt::print(stderr, "izar-controller: {}\n", error.text);
    return 1;
}

WallTime wall_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

WallSeconds wall_seconds() {
    return std::chrono::floor<std::chrono::seconds>(wall_now());
}

void fill_random(std::span<std::uint8_t> bytes) {
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
}

std::unique_ptr<Election> make_election(const SchedulingConfig& config) {
    if (config.etcd.endpoints.empty()) {
        return nullptr;
    }
    return std::make_unique<Election>(ElectionParts{config.etcd.endpoints,
                                                    config.etcd.prefix,
                                                    config.etcd.name,
                                                    {api_address(config), agents_address(config)},
                                                    std::chrono::floor<std::chrono::seconds>(config.etcd.lease),
                                                    monotonic_now,
                                                    std::max<Nanos>(config.etcd.lease, kMostSilence),
                                                    config.etcd.access});
}

int serve(EventLoop& loop, const ControllerState& state, SchedulingConfig& config, const ControllerOptions& options,
          const std::string& policy) {
    bool ended = false;
    end_at_signals(loop, ended);  // before the election's thread begins, which must not get them
    FileDescriptor hangups = block_signals({SIGHUP});
    const auto own = OwnCertificate::make(loop, state.authority, wall_seconds, log_line);
    auto operators = listen_unix(config.operator_socket);
    if (!own || !operators) {
        return complain(!own ? own.error() : operators.error());
    }
    const TlsContext& tls = (*own)->tls();
    Seat seat({loop, state, config, tls, options.discovery, policy, environment(), fill_random, wall_now, log_line},
              make_election(config));
    Reload reload(options, config, environment(), seat, log_line);
    act_at_signals(loop, std::move(hangups), [&] { reload.act(); });
    const OperatorSocket socket(loop, std::move(*operators), [&](std::string_view line, OperatorSocket::Reply reply) {
        seat.answer(line, std::move(reply));
    });
    std::optional<HttpServer> http;
    if (config.api != "none") {
        auto listener = SocketAddress::parse(config.api).and_then(listen_tcp);
        if (!listener) {
            return complain(listener.error());
        }
        http.emplace(
            loop, tls, wall_seconds, std::move(*listener),
            [&](const HttpRequest& request) { return seat.answer(request); },
            [&](StreamId stream) { return seat.lead_on(stream); });
    }
    const auto metrics = serve_metrics(
        loop, config.metrics, [&] { return seat.metrics(); }, log_line);
    if (auto started = seat.start(); !started) {
        return complain(started.error());
    }
    const auto goes_on = [&ended] { return !ended; };
    while (goes_on()) {
        loop.run_once(std::chrono::seconds{1});
    }
    return 0;
}

Result<SchedulingConfig> load_config(const std::string& path) {
    const auto text = read_config_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse_scheduling_config(*text, path, environment());
}

int import_sql(const SchedulingConfig& config, const std::string& path) {
    auto store = open_store(config);
    if (!store) {
        return complain(store.error());
    }
    const auto told = import_sql_file(**store, path, wall_now());
    if (!told) {
        return complain(told.error());
    }
    log_line(*told);
    return 0;
}

// What --check and --dump-... ask for. `policy`: as it would be handed out.
void print_files(const ControllerOptions& options, SchedulingConfig& config, DiscoveryConfig& discovery,
                 const std::string& policy) {
    if (options.check) {
        fmt::print("{}: ok\n", options.config);
    }
    if (options.dump_config) {
        fmt::print("{}", config_text(scheduling_keys(config)));
    }
    if (options.dump_discovery) {
        fmt::print("{}", config_text(discovery_keys(discovery)));
    }
    if (options.dump_policy) {
        fmt::print("{}", routing_policy_text(parse_routing_policy(policy, options.policy).value()));
    }
}

int run(const ControllerOptions& options) {
    auto config = load_config(options.config);
    if (!config) {
        return complain(config.error());
    }
    auto discovery =
        options.discovery.empty() ? Result<DiscoveryConfig>{} : read_discovery_file(options.discovery, environment());
    const auto policy = read_policy_file(options.policy, environment());
    if (!discovery || !policy) {
        return complain(!discovery ? discovery.error() : policy.error());
    }
    if (options.check || options.dump_config || options.dump_discovery || options.dump_policy) {
        print_files(options, *config, *discovery, *policy);
        return 0;
    }
    give_large_blocks_back();
    silence_protobuf();
    raise_descriptor_limit();
    const auto state = open_controller_state(config->state, wall_seconds(), fill_random);
    if (!state) {
        return complain(state.error());
    }
    if (!options.import_sql.empty()) {
        return import_sql(*config, options.import_sql);
    }
    auto loop = EventLoop::make(
        monotonic_now, UringSize{.entries = 1'024, .buffers = 128, .buffer_bytes = 16'384, .send_buffers = 64});
    if (!loop) {
        return complain(loop.error());
    }
    return serve(**loop, *state, *config, options, *policy);
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
