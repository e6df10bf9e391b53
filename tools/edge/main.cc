// izar-edge: the forwarder. Reads edge.yaml, starts DPDK, runs until told to end.
//
//   izar-edge [EAL arguments] -- --config edge.yaml [-i]
#include <fmt/format.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "dataplane/config/edge_config_text.h"
#include "dataplane/config/edge_keys.h"
#include "dataplane/shell/control_socket.h"
#include "sched/policy_file.h"
#include "tools/edge/eal_arguments.h"
#include "tools/edge/edge_options.h"
#include "tools/edge/edge_policies.h"
#include "tools/edge/edge_process.h"
#include "tools/edge/edge_reload.h"
#include "tools/edge/edge_view.h"
#include "tools/edge/link_log.h"
#include "tools/edge/overruled.h"
#include "tools/edge/shortage_log.h"
#include "tools/program/environment.h"

namespace izar {
namespace {

constexpr Nanos kLookAtLinks = std::chrono::milliseconds{500};

int complain(const Error& error) {
    fmt::print(stderr, "izar-edge: {}\n", error.text);
    return 1;
}

// Signals come through a descriptor, so that no handler runs on a thread that forwards.
int block_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

Result<void> start_eal(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    argv.reserve(arguments.size());
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
        return fail("DPDK's EAL did not start; its own message stands above (its arguments go in front of `--`)");
    }
    return {};
}

void log(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        fmt::print(stderr, "izar-edge: {}\n", line);
    }
}

void log_done(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

// True if a signal came that ends the process; calls `reload` for the others.
bool told_to_end(int signals, const std::function<void()>& reload) {
    signalfd_siginfo signal{};
    while (read(signals, &signal, sizeof signal) == sizeof signal) {
        if (signal.ssi_signo != SIGHUP) {
            return true;
        }
        reload();
    }
    return false;
}

// The main thread's work while the others forward: prompt, control socket and log, until a signal or `quit`.
int serve(const EdgeOptions& options, const EdgeConfig& as_read, EdgeProcess& edge, int signals) {
    EdgeView view{edge};
    Shell shell{view, view};
    auto socket = ControlSocket::open(edge.config().control_socket, shell);
    if (!socket) {
        return complain(socket.error());
    }
    int code = 0;
    if (!options.cmdline_file.empty()) {
        std::string out;
        const auto done = run_command_file(shell, options.cmdline_file, out);
        fmt::print("{}", out);
        std::fflush(stdout);
        code = done ? 0 : complain(done.error());
    }
    std::unique_ptr<Prompt> prompt;
    if (options.interactive) {
        prompt = std::make_unique<Prompt>(shell, view, STDIN_FILENO, STDOUT_FILENO, "izar> ");
    }
    ShortageLog shortages;
    LinkLog links;
    Instant links_seen{};
    const auto* const own_policies = &edge.policies();
    bool overruled = false;  // the controller's data came
    std::string refused;     // of what the controller told, as it was said last
    EdgeReload reload({options.config, environment(), as_read, [&] { return edge.reload_secrets(); },
                       [] { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); },
                       log_done, [](const std::string& line) { log({line}); }});
    const auto read_again = [&] { edge.set_config_state(reload.act()); };
    while (!view.wants_to_quit() && !told_to_end(signals, read_again)) {
        if (edge.follow_agent()) {
            log_done(fmt::format("static data {} of the controller is in force", edge.fleet().version));
            if (!std::exchange(overruled, true)) {
                log({overruled_warning(as_read, options.config, &edge.policies() != own_policies)});
            }
        }
        if (const auto refusal = edge.take_refusal(); refusal && *refusal != refused) {
            refused = *refusal;
            log({"refused, what was in force stays: " + refused});
        }
        serve_consoles(prompt, socket->get(), std::chrono::milliseconds{100});
        if (!edge.write_trace()) {
            fmt::print(stderr, "izar-edge: the trace {} is full or cannot be written; recording ended\n",
                       options.trace);
        }
        const Instant now = edge.clock().now();
        log(shortages.look(edge.counted(), now));
        if (now - links_seen >= kLookAtLinks) {
            links_seen = now;
            log(links.look(view.links()));
        }
    }
    return code;
}

int run(const EdgeOptions& options) {
    auto config = load_edge_config(options.config, environment());
    if (!config) {
        return complain(config.error());
    }
    auto policies = read_policies(*config, environment());
    if (!policies) {
        return complain(policies.error());
    }
    if (options.check || options.dump_config || options.dump_policy) {
        fmt::print("{}{}{}", options.check ? options.config + ": ok\n" : "",
                   options.dump_config ? edge_config_text(*config) : "",
                   options.dump_policy ? routing_policy_text(*policies) : "");
        return 0;
    }
    const auto topology = read_topology();
    if (!topology) {
        return complain(topology.error());
    }
    PlacementRequest request{config->lcores, {}};
    for (const PortConfig& port : config->ports) {
        request.port_numa_nodes.push_back(device_numa_node(port.device));
    }
    Placement placement = place_lcores(*topology, request);
    if (place_lcores_themselves(options.eal)) {
        placement.cores_are_shared = true;  // for all we know: other nodes may have the same CPUs
        placement.notes.clear();
    }
    for (const std::string& note : placement.notes) {
        fmt::print("{}\n", note);
    }
    const int signals = block_signals();
    if (auto done = start_eal(eal_arguments(options.eal, *config, placement, free_hugepages_mib())); !done) {
        return complain(done.error());
    }
    const TscClock clock{rte_get_tsc_hz()};
    const Nanos wall_offset = std::chrono::system_clock::now().time_since_epoch() - clock.now().time_since_epoch();
    const EdgeConfig as_read = *config;
    auto edge = EdgeProcess::make(std::move(*config), std::move(*policies), placement, clock, wall_offset);
    if (!edge) {
        return complain(edge.error());
    }
    if (!options.trace.empty()) {
        if (auto done = (*edge)->record(options.trace); !done) {
            return complain(done.error());
        }
    }
    if (auto done = (*edge)->start(); !done) {
        return complain(done.error());
    }
    log_done(fmt::format("izar-edge {} forwards; security: {}", (*edge)->config().name,
                         security_text((*edge)->config().security)));
    const int code = serve(options, as_read, **edge, signals);
    (*edge)->stop();
    (*edge)->write_trace();
    edge->reset();
    rte_eal_cleanup();
    return code;
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    auto options = izar::parse_edge_options({argv + 1, argv + argc});
    if (!options) {
        return izar::complain(options.error());
    }
    if (!options->message.empty()) {
        fmt::print("{}\n", options->message);
        return 0;
    }
    return izar::run(*options);
}
