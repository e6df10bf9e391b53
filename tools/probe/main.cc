// main.cc -- izar-udp-probe: a paced UDP stream and its echo server, to see outages and delays from outside.
//
//   izar-udp-probe echo --port 7000 [--bind ADDRESS] [--short]
//   izar-udp-probe send ADDRESS --port 7000 [--rate 1000] [--duration 10] [--size 168] [--progress 0.2]
//
// `send` prints one JSON object at the end (or at SIGTERM, SIGINT); with --progress a line of JSON that often before.
// "start_monotonic_ms" is CLOCK_MONOTONIC at the intended time of probe 0, to line the report up with other events.
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>

#include "tools/probe/arrival_history.h"
#include "tools/probe/probe_log.h"
#include "tools/probe/probe_packet.h"
#include "tools/probe/probe_socket.h"

namespace izar::probe {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr Nanos kReplyWait = std::chrono::seconds{1};  // after the last probe

volatile std::sig_atomic_t stop_requested = 0;

struct SendOptions {
    std::string address;
    std::uint16_t port = 7000;
    double rate = 1000;                      // probes per second
    double duration_s = 10;                  // 0: until a signal
    std::size_t size = sizeof(ProbePacket);  // bytes of UDP payload
    double progress_s = 0;                   // 0: none
};

Nanos read_clock(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return std::chrono::seconds{t.tv_sec} + Nanos{t.tv_nsec};
}

Nanos now() {
    return read_clock(CLOCK_MONOTONIC);
}

// What to add to a kernel stamp (wall clock) to compare it with now().
Nanos wall_to_monotonic() {
    return now() - read_clock(CLOCK_REALTIME);
}

void wait_readable(int descriptor, Nanos pause) {
    pause = std::max(pause, Nanos{0});
    const timespec timeout{static_cast<time_t>(pause / std::chrono::seconds{1}),
                           static_cast<long>((pause % std::chrono::seconds{1}).count())};
    pollfd readable{descriptor, POLLIN, 0};
    sigset_t no_signal;  // signals are blocked everywhere else
    sigemptyset(&no_signal);
    ppoll(&readable, 1, &timeout, &no_signal);
}

void catch_stop_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stop_requested = 1; };
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM}) {
        sigaction(signal, &action, nullptr);
        sigaddset(&signals, signal);
    }
    sigprocmask(SIG_BLOCK, &signals, nullptr);
}

void echo(ProbeSocket& socket, bool short_replies) {
    std::array<std::byte, kMaxProbeBytes> room{};
    RunHistories histories;
    while (stop_requested == 0) {
        wait_readable(socket.descriptor(), std::chrono::seconds{3600});
        const Nanos offset = wall_to_monotonic();
        ProbeSocket::Arrival arrival;
        while (socket.receive(room, arrival)) {
            if (arrival.bytes < sizeof(ProbePacket)) {
                continue;
            }
            ProbePacket packet{};
            std::memcpy(&packet, room.data(), sizeof packet);
            packet.arrived_ns = Be64{static_cast<std::uint64_t>((arrival.wall_time + offset).count())};
            ArrivalHistory& history = histories.of_run(packet.run.value());
            history.mark(packet.sequence.value());
            history.write_to(packet);
            std::memcpy(room.data(), &packet, sizeof packet);
            socket.send(arrival.from, {room.data(), short_replies ? sizeof packet : arrival.bytes});
        }
    }
}

void take_replies(ProbeSocket& socket, std::uint64_t run, ProbeLog& log) {
    std::array<std::byte, kMaxProbeBytes> room{};
    const Nanos offset = wall_to_monotonic();
    ProbeSocket::Arrival arrival;
    while (socket.receive(room, arrival)) {
        ProbePacket packet{};
        std::memcpy(&packet, room.data(), sizeof packet);
        if (arrival.bytes < sizeof packet || packet.run.value() != run) {
            continue;
        }
        const Nanos sent{static_cast<Nanos::rep>(packet.sent_ns.value())};
        const Nanos arrived{static_cast<Nanos::rep>(packet.arrived_ns.value())};
        log.on_reply(packet.sequence.value(), arrival.wall_time + offset - sent, arrived - sent);
        for_each_arrived(packet, [&](std::uint64_t sequence) { log.on_arrival(sequence); });
    }
}

void print_progress(ProbeLog& log, Nanos since_start) {
    const Nanos recent = log.take_recent_round_trip();
    const json line{{"at_ms", since_start / milliseconds{1}},
                    {"sent", log.sent_count()},
                    {"received", log.received_count()},
                    {"rtt_ms", recent < Nanos{0} ? json{} : json(static_cast<double>(recent.count()) / 1e6)}};
    fmt::print("{}\n", line.dump());
    std::fflush(stdout);
}

json send_stream(ProbeSocket& socket, const Endpoint& target, const SendOptions& options) {
    const Nanos interval{static_cast<Nanos::rep>(1e9 / options.rate)};
    const auto total = options.duration_s > 0 ? static_cast<std::uint64_t>(options.duration_s * options.rate)
                                              : std::numeric_limits<std::uint64_t>::max();
    const Nanos progress{static_cast<Nanos::rep>(options.progress_s * 1e9)};
    const std::uint64_t run = 1 + std::uint64_t{std::random_device{}()};
    ProbeLog log(interval);
    std::vector<std::byte> datagram(std::max(options.size, sizeof(ProbePacket)));
    const Nanos start = now();
    Nanos next_progress = start + progress;
    Nanos deadline = Nanos::max();  // known once the last probe is out
    while (now() < deadline) {
        if (stop_requested != 0 && deadline == Nanos::max()) {
            deadline = now() + kReplyWait;
        }
        const bool sending = log.sent_count() < total && deadline == Nanos::max();
        const Nanos due = start + interval * static_cast<Nanos::rep>(log.sent_count());
        if (sending && now() >= due) {
            const Nanos sent = now();
            const ProbePacket packet{Be64{run}, Be64{log.sent_count()}, Be64{static_cast<std::uint64_t>(sent.count())},
                                     Be64{0}};
            std::memcpy(datagram.data(), &packet, sizeof packet);
            socket.send(target, datagram);
            log.on_sent(sent - due);
        } else if (!sending && (log.received_count() == log.sent_count() || deadline == Nanos::max())) {
            deadline = log.received_count() == log.sent_count() ? now() : now() + kReplyWait;
        } else {
            wait_readable(socket.descriptor(), sending ? due - now() : deadline - now());
        }
        take_replies(socket, run, log);
        if (progress > Nanos{0} && now() >= next_progress) {
            next_progress += progress;
            print_progress(log, now() - start);
        }
    }
    json report = log.report();
    report["start_monotonic_ms"] = static_cast<double>(start.count()) / 1e6;
    return report;
}

Result<void> run_echo(const std::string& bind, std::uint16_t port, bool short_replies) {
    const auto address = IpAddress::parse(bind);
    if (!address) {
        return tl::unexpected(address.error());
    }
    auto socket = ProbeSocket::open(*address, port);
    if (!socket) {
        return tl::unexpected(socket.error());
    }
    fmt::print("ready\n");
    std::fflush(stdout);
    echo(*socket, short_replies);
    return {};
}

Result<void> run_send(const SendOptions& options) {
    const auto address = IpAddress::parse(options.address);
    if (!address) {
        return tl::unexpected(address.error());
    }
    const IpAddress any = address->family() == Family::ipv4 ? IpAddress{} : IpAddress{Ipv6Address{}};
    auto socket = ProbeSocket::open(any, 0);
    if (!socket) {
        return tl::unexpected(socket.error());
    }
    // A late sender would measure itself. Without privilege it runs on, and reports its lateness.
    prctl(PR_SET_TIMERSLACK, 1UL);
    setpriority(PRIO_PROCESS, 0, -10);
    const json report = send_stream(*socket, endpoint_of(*address, options.port), options);
    fmt::print("{}\n", report.dump());
    return {};
}

}  // namespace
}  // namespace izar::probe

int main(int argc, char** argv) {
    using namespace izar::probe;
    CLI::App app{"A paced UDP probe stream and its echo server"};
    app.require_subcommand(1);
    SendOptions send;
    std::string bind = "::";
    std::uint16_t echo_port = send.port;
    bool short_replies = false;
    auto* echo_command = app.add_subcommand("echo", "Send every probe back");
    echo_command->add_option("--bind", bind, "Address to listen on (default ::, both families)");
    echo_command->add_option("--port", echo_port, "UDP port");
    echo_command->add_flag("--short", short_replies, "Reply with the header only");
    auto* send_command = app.add_subcommand("send", "Send probes and report");
    send_command->add_option("address", send.address, "IP address of the echo server")->required();
    send_command->add_option("--port", send.port, "UDP port");
    send_command->add_option("--rate", send.rate, "Probes per second")->check(CLI::Range(0.1, 1e6));
    send_command->add_option("--duration", send.duration_s, "Seconds; 0: until a signal")->check(CLI::Range(0.0, 1e5));
    send_command->add_option("--size", send.size, "Bytes of UDP payload")
        ->check(CLI::Range(sizeof(ProbePacket), kMaxProbeBytes));
    send_command->add_option("--progress", send.progress_s, "Seconds between progress lines; 0: none");
    CLI11_PARSE(app, argc, argv);

    catch_stop_signals();
    const auto done = echo_command->parsed() ? run_echo(bind, echo_port, short_replies) : run_send(send);
    if (!done) {
        fmt::print(stderr, "izar-udp-probe: {}\n", done.error().text);
        return 1;
    }
    return 0;
}
