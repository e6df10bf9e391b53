// main.cc -- izar-wan: emulates the WAN between the interfaces of one network namespace.
//
//   izar-wan CONFIG.json
//
// CONFIG.json: {"seed": 1, "socket": "/run/x/wan.sock", "packets": 65536,
//               "ports": [{"name": "ams", "interface": "ams"}, ...],
//               "links": [{"source": "ams", "destination": "par", "delay_ms": 5, ...}, ...]}
// Link keys and run-time commands: control.h. Prints "ready" when it forwards; SIGTERM and SIGINT end it.
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "dataplane/lcore/thread_class.h"
#include "tools/wan_emulator/control.h"
#include "tools/wan_emulator/control_socket.h"
#include "tools/wan_emulator/packet_port.h"
#include "tools/wan_emulator/wan_switch.h"

namespace izar::wan {
namespace {

using nlohmann::json;

constexpr std::size_t kDefaultPackets = 65'536;
constexpr std::size_t kMaxPackets = 4'194'304;
// Frames due within this time are sent in the same round: fewer wake-ups, and an error far below a millisecond.
constexpr Nanos kRound = std::chrono::microseconds{60};

volatile std::sig_atomic_t stop_requested = 0;

void request_stop(int) {
    stop_requested = 1;
}

void catch_stop_signals() {
    struct sigaction action {};
    action.sa_handler = request_stop;
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM}) {
        sigaction(signal, &action, nullptr);
        sigaddset(&signals, signal);
    }
    sigprocmask(SIG_BLOCK, &signals, nullptr);
}

Nanos read_clock(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return std::chrono::seconds{t.tv_sec} + Nanos{t.tv_nsec};
}

Instant node_now() {
    return Instant{read_clock(CLOCK_MONOTONIC)};
}

struct Setup {
    std::uint64_t seed = 1;
    std::string socket;
    std::size_t packets = kDefaultPackets;
    std::vector<std::string> names;
    std::vector<std::string> interfaces;
    json links = json::array();
};

Result<Setup> load_setup(const char* path) {
    std::ifstream file(path);
    const json root = json::parse(file, nullptr, /*allow_exceptions=*/false);
    if (!root.is_object()) {
        return fail(fmt::format("'{}' cannot be read as a JSON object", path));
    }
    try {
        Setup setup;
        setup.seed = root.value("seed", setup.seed);
        setup.socket = root.at("socket");
        setup.packets = std::clamp<std::size_t>(root.value("packets", kDefaultPackets), 64, kMaxPackets);
        for (const json& port : root.at("ports")) {
            setup.names.push_back(port.at("name"));
            setup.interfaces.push_back(port.at("interface"));
        }
        setup.links = root.value("links", json::array());
        if (setup.names.empty() || setup.names.size() > kMaxWanPorts) {
            return fail(fmt::format("'{}': 'ports' must have 1 to {} entries", path, kMaxWanPorts));
        }
        return setup;
    } catch (const json::exception& wrong) {
        return fail(fmt::format("'{}': {}", path, wrong.what()));
    }
}

// Frames wait for the emulator, not the other way round: be scheduled early, and wake exactly when asked. Without the
// privilege for it the delays are only less exact.
void ask_for_precise_scheduling() {
    prctl(PR_SET_TIMERSLACK, 1UL);
    if (const auto done = set_shared_core_class(); !done) {
        fmt::print(stderr, "izar-wan: {}\n", done.error().text);
    }
}

// Signals are blocked but here, so that none is missed between the test of stop_requested and the wait.
void wait_for_work(const WanSwitch& wan, std::vector<pollfd>& descriptors) {
    sigset_t no_signal;
    sigemptyset(&no_signal);
    const Instant next = wan.next_delivery();
    if (next == Instant::max()) {
        ppoll(descriptors.data(), descriptors.size(), nullptr, &no_signal);
        return;
    }
    const Nanos pause = std::max(Nanos{0}, next - node_now());
    const timespec timeout{static_cast<time_t>(pause / std::chrono::seconds{1}),
                           static_cast<long>((pause % std::chrono::seconds{1}).count())};
    ppoll(descriptors.data(), descriptors.size(), &timeout, &no_signal);
}

void send_due(WanSwitch& wan, std::vector<PacketPort>& ports, PacketPool& pool) {
    const Instant due = node_now() + kRound;
    WanSwitch::Delivery delivery{};
    while (wan.take_due(due, delivery)) {
        ports[raw(delivery.destination)].send(delivery.slot, pool);
    }
    for (PacketPort& port : ports) {
        port.flush(pool);
    }
}

void run(WanSwitch& wan, std::vector<PacketPort>& ports, PacketPool& pool, ControlSocket& socket, Control& control) {
    const auto answer = [&](std::string_view line) { return control.answer(line); };
    std::vector<pollfd> descriptors;
    while (stop_requested == 0) {
        descriptors.clear();
        for (const PacketPort& port : ports) {
            descriptors.push_back({port.descriptor(), POLLIN, 0});
        }
        socket.append_descriptors(descriptors);
        wait_for_work(wan, descriptors);

        const Nanos wall_to_node = read_clock(CLOCK_MONOTONIC) - read_clock(CLOCK_REALTIME);
        bool control_waits = false;
        for (std::size_t i = 0; i < descriptors.size(); ++i) {
            if (descriptors[i].revents == 0) {
                continue;
            }
            if (i < ports.size()) {
                ports[i].receive(WanPort{static_cast<std::uint16_t>(i)}, wall_to_node, pool, wan);
            } else {
                control_waits = true;
            }
        }
        send_due(wan, ports, pool);
        if (control_waits) {
            socket.serve(answer);
        }
    }
}

Result<void> start(const char* path) {
    auto setup = load_setup(path);
    if (!setup) {
        return tl::unexpected(setup.error());
    }
    std::vector<PacketPort> ports;
    for (const std::string& interface : setup->interfaces) {
        auto port = PacketPort::open(interface);
        if (!port) {
            return tl::unexpected(port.error());
        }
        ports.push_back(std::move(*port));
    }
    PacketPool pool(setup->packets + kPortBurst);
    WanSwitch wan(setup->seed, ports.size(), pool, setup->packets);
    Control control(wan, setup->names, ports);
    for (const json& link : setup->links) {
        if (auto set = control.set_link(link); !set) {
            return fail(fmt::format("'{}': links: {}", path, set.error().text));
        }
    }
    umask(0077);  // only root may change the lab's links
    auto socket = ControlSocket::open(setup->socket);
    if (!socket) {
        return tl::unexpected(socket.error());
    }
    ask_for_precise_scheduling();
    fmt::print("ready\n");
    std::fflush(stdout);
    run(wan, ports, pool, *socket, control);
    return {};
}

}  // namespace
}  // namespace izar::wan

int main(int argc, char** argv) {
    if (argc != 2 || argv[1][0] == '-') {
        fmt::print(stderr, "usage: izar-wan CONFIG.json\n");
        return argc == 2 && std::string_view(argv[1]) == "--help" ? 0 : 2;
    }
    izar::wan::catch_stop_signals();
    if (const auto done = izar::wan::start(argv[1]); !done) {
        fmt::print(stderr, "izar-wan: {}\n", done.error().text);
        return 1;
    }
    return 0;
}
