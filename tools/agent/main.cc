// izar-agent: between this node's izar-edge and its controller.
//
//   izar-agent --config agent.yaml --join HOST:PORT --token T --edge-config edge.yaml     once
//   izar-agent --config agent.yaml                                                        from then on
#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <span>
#include <string_view>
#include <vector>

#include "ctrl/agent/agent.h"
#include "ctrl/agent/agent_metrics.h"
#include "ctrl/agent/join.h"
#include "ctrl/agent/pending_key.h"
#include "ctrl/frames/messages.h"
#include "ctrl/metrics/metrics_server.h"
#include "ctrl/metrics/program_metrics.h"
#include "ctrl/operator/operator_socket.h"
#include "tools/agent/agent_options.h"
#include "tools/agent/agent_reload.h"
#include "tools/agent/edge_file.h"
#include "tools/agent/host_lookup.h"
#include "tools/program/event_program.h"
#include "tools/program/large_blocks.h"

namespace izar {
namespace {

int complain(const Error& error) {
    fmt::print(stderr, "izar-agent: {}\n", error.text);
    return 1;
}

WallSeconds wall_now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::uint64_t random_number() {
    std::uint64_t out = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&out), sizeof out);
    return out | 1;
}

EdgeIdentity edge_identity(const AgentConfig& config, const Identity& identity) {
    const auto absolute = [](const std::string& path) { return std::filesystem::absolute(path).string(); };
    EdgeIdentity out{
        identity.id, identity.name, identity.region, config.address, absolute(config.folder + "/link.secrets"), ""};
    if (config.run != "/run/izar/" + config.name) {
        out.control_socket = absolute(config.run + "/edge.sock");
    }
    return out;
}

int fill_edge(const AgentOptions& options, const AgentConfig& config, const Identity& identity) {
    const auto changed = fill_edge_file(options.edge_config, edge_identity(config, identity));
    if (!changed) {
        return complain(changed.error());
    }
    log_line(fmt::format("{}: node id {}, name {}{}", options.edge_config, raw(identity.id), identity.name,
                         *changed ? "" : ", as it was"));
    return 0;
}

// At the first of the controller's addresses where it answers; the token's use is one, however often it is shown.
Result<Identity> join_one(EventLoop& loop, const std::vector<SocketAddress>& controllers, JoinWish wish) {
    Result<Identity> out = fail("the controller has no address");
    for (const SocketAddress& controller : controllers) {
        wish.controller = controller;
        out = join(loop, wish, wall_now());
        if (out) {
            break;
        }
    }
    return out;
}

// What the command line says is every user's to read, in ps: the token is taken out of it.
void hide_token(std::span<char*> arguments) {
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        const std::size_t from = std::string_view(arguments[i - 1]) == "--token" ? 0
                                 : argument.starts_with("--token=")              ? std::string_view("--token=").size()
                                                                                 : argument.size();
        std::fill(arguments[i] + from, arguments[i] + argument.size(), '*');
    }
}

int join_fleet(EventLoop& loop, const AgentOptions& options, const AgentConfig& config) {
    const auto controllers = look_up(options.join);
    const auto token = join_token(options, environment(), std::cin).and_then(JoinToken::parse);
    if (!controllers || !token) {
        return complain(controllers ? token.error() : controllers.error());
    }
    // A file that cannot be filled in is told of before the token is used up; the id is not known yet.
    Identity wanted;
    wanted.id = NodeId{65'535};
    wanted.name = config.name;
    wanted.region = "region";
    if (const auto fits = options.edge_config.empty()
                              ? Result<void>{}
                              : check_edge_file(options.edge_config, edge_identity(config, wanted));
        !fits) {
        return complain(fits.error());
    }
    const auto made = pending_request(config.folder, token->token);
    if (!made) {
        return complain(made.error());
    }
    const auto identity = join_one(loop, *controllers, {{}, *token, config.name, config.address, *made});
    if (!identity) {
        return complain(identity.error());
    }
    if (auto saved = save_identity(config.folder, *identity); !saved) {
        return complain(saved.error());
    }
    log_line(
        fmt::format("joined: node id {}, name {}, region {}", raw(identity->id), identity->name, identity->region));
    if (!options.edge_config.empty()) {
        return fill_edge(options, config, *identity);
    }
    log_line("edge.yaml needs that, too: --edge-config FILE writes it there");
    return 0;
}

std::string metrics_of(const Agent& agent) {
    MetricsText out;
    out.declare(kProgramMetrics);
    out.declare(kAgentMetrics);
    add_program_metrics(out, "izar-agent", agent.config_state());
    agent.add_metrics(out);
    return out.text();
}

int serve(EventLoop& loop, AgentConfig& config, const std::string& path) {
    auto identity = load_identity(config.folder);
    if (!identity) {
        return complain(identity.error());
    }
    auto tls = TlsContext::for_node(identity->credentials, identity->authority);
    if (!tls) {
        return complain(tls.error());
    }
    const std::uint64_t boot = random_number();
    auto ring = RingEnd::open(shared_path(config.run), RingSide::agent, boot);
    if (!ring) {
        return complain(ring.error());
    }
    auto operators = listen_unix(config.run + "/agent.sock");
    if (!operators) {
        return complain(operators.error());
    }
    bool ended = false;
    end_at_signals(loop, ended);
    Agent agent({loop, *tls, **ring, std::move(*identity), config.folder, config.controllers, boot,
                 Random{random_number()}, wall_now, log_line});
    const OperatorSocket socket(
        loop, *std::move(operators),
        [&](std::string_view line, const OperatorSocket::Reply& reply) { reply(agent.answer(line)); });
    AgentReload reload(path, environment(), config, agent, log_line);
    act_at_signals(loop, block_signals({SIGHUP}), [&] { reload.act(); });
    const auto metrics = serve_metrics(
        loop, config.metrics, [&] { return metrics_of(agent); }, log_line);
    agent.start();
    log_line(fmt::format("izar-agent {} runs", config.name));
    while (!ended) {
        loop.run_once(std::chrono::seconds{1});
    }
    return 0;
}

int run(const AgentOptions& options) {
    auto config = load_agent_config(options.config, environment());
    if (!config) {
        return complain(config.error());
    }
    if (options.check || options.dump_config) {
        fmt::print("{}", options.check ? options.config + ": ok\n" : config_text(agent_keys(*config)));
        return 0;
    }
    if (options.join.empty() && !options.edge_config.empty()) {
        const auto identity = load_identity(config->folder);
        return identity ? fill_edge(options, *config, *identity) : complain(identity.error());
    }
    give_large_blocks_back();
    auto loop = EventLoop::make(monotonic_now, UringSize{.entries = 64, .buffers = 8, .buffer_bytes = 16'384});
    if (!loop) {
        return complain(loop.error());
    }
    silence_protobuf();
    return options.join.empty() ? serve(**loop, *config, options.config) : join_fleet(**loop, options, *config);
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    const auto options = izar::parse_agent_options({argv + 1, argv + argc});
    izar::hide_token({argv, static_cast<std::size_t>(argc)});
    if (!options) {
        return izar::complain(options.error());
    }
    if (!options->message.empty()) {
        fmt::print("{}\n", options->message);
        return 0;
    }
    return izar::run(*options);
}
