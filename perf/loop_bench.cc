// loop_bench.cc -- What a message costs the event loop of agent and controller, from registered buffers and without.
//
//   loop_bench --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//
// Both ends of a TCP connection over loopback in one loop: a message is sent and received. CPU time of the thread.
#include <benchmark/benchmark.h>

#include <vector>

#include "ctrl/loop/event_loop.h"
#include "dataplane/base/check.h"
#include "dataplane/base/testing/real_time.h"

namespace izar {
namespace {

struct Counter : StreamEvents {
    void on_connected() override { connected = true; }
    void on_received(std::span<const std::uint8_t> bytes) override { received += bytes.size(); }
    void on_closed(const std::string& /*why*/) override { CHECK(false); }
    bool connected = false;
    std::size_t received = 0;
};

void send_and_receive(benchmark::State& state) {
    const UringFeatures features{.registered_send = state.range(0) != 0};
    const auto loop =
        EventLoop::make(real_now, UringSize{.entries = 64, .buffers = 8, .buffer_bytes = 16'384}, features);
    CHECK(loop.has_value() && (*loop)->features().registered_send == features.registered_send);
    auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
    CHECK(listener.has_value());
    const SocketAddress address = local_address(listener->get());
    Counter client;
    Counter server;
    (*loop)->accept(*std::move(listener), [&](StreamId, const SocketAddress&) { return &server; });
    const auto stream = (*loop)->connect(address, client);
    CHECK(stream.has_value());
    const std::vector<std::uint8_t> message(static_cast<std::size_t>(state.range(1)));
    while (!client.connected) {
        (*loop)->run_once(std::chrono::seconds{1});
    }
    std::size_t expected = 0;
    for (auto iteration : state) {
        (void)iteration;
        expected += message.size();
        (*loop)->send(*stream, message);
        while (server.received < expected) {
            (*loop)->run_once(std::chrono::seconds{1});
        }
    }
}
BENCHMARK(send_and_receive)->ArgNames({"registered", "bytes"})->ArgsProduct({{0, 1}, {128, 1'024, 4'096}});

}  // namespace
}  // namespace izar

BENCHMARK_MAIN();
