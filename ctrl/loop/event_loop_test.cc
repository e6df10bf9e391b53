// Over real sockets on loopback, with every feature of the kernel and with none of the newer ones.
#include "ctrl/loop/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <numeric>

#include "dataplane/base/release_memory.h"
#include "dataplane/base/testing/live_memory.h"
#include "dataplane/base/testing/real_time.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Remembers what it was told.
struct Recorder : StreamEvents {
    void on_connected() override { connected = true; }
    void on_received(std::span<const std::uint8_t> bytes) override {
        received.insert(received.end(), bytes.begin(), bytes.end());
        if (on_bytes) {
            on_bytes();
        }
    }
    void on_sent() override { ++sent; }
    void on_closed(const std::string& reason) override {
        ++closed;
        why = reason;
    }

    StreamId stream = kNoStream;
    bool connected = false;
    std::vector<std::uint8_t> received;
    int sent = 0;
    int closed = 0;
    std::string why;
    std::function<void()> on_bytes;
};

class EventLoopTest : public testing::TestWithParam<UringFeatures> {
  protected:
    void SetUp() override {
        auto made = EventLoop::make(real_now, UringSize{64, 8, 4'096}, GetParam());
        ASSERT_TRUE(made) << made.error().text;
        loop = std::move(*made);
        auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
        ASSERT_TRUE(listener);
        address = local_address(listener->get());
        loop->accept(std::move(*listener), [this](StreamId stream, const SocketAddress&) -> StreamEvents* {
            servers.push_back(std::make_unique<Recorder>());
            servers.back()->stream = stream;
            return servers.back().get();
        });
    }

    void connect(Recorder& client) {
        const auto stream = loop->connect(address, client);
        ASSERT_TRUE(stream) << stream.error().text;
        client.stream = *stream;
    }

    template <typename Condition>
    [[nodiscard]] bool run_until(Condition condition) {
        const Instant deadline = real_now() + seconds{10};
        while (!condition() && real_now() < deadline) {
            loop->run_once(milliseconds{20});
        }
        return condition();
    }

    std::unique_ptr<EventLoop> loop;
    SocketAddress address;
    std::vector<std::unique_ptr<Recorder>> servers;
};

std::vector<std::uint8_t> numbered(std::size_t size) {
    std::vector<std::uint8_t> out(size);
    std::iota(out.begin(), out.end(), std::uint8_t{0});
    return out;
}

TEST_P(EventLoopTest, CarriesBytesBothWaysInOrder) {
    Recorder client;
    connect(client);
    const auto bytes = numbered(3'000'000);                 // many times the receive buffers
    loop->send(client.stream, std::span(bytes).first(10));  // before it is connected
    loop->send(client.stream, std::span(bytes).subspan(10));
    ASSERT_TRUE(run_until([&] { return !servers.empty() && servers[0]->received.size() == bytes.size(); }));
    EXPECT_EQ(servers[0]->received, bytes);
    EXPECT_EQ(loop->unsent(client.stream), 0U);
    EXPECT_GE(client.sent, 1);
    loop->send(servers[0]->stream, bytes);
    ASSERT_TRUE(run_until([&] { return client.received.size() == bytes.size(); }));
    EXPECT_EQ(client.received, bytes);
}

TEST_P(EventLoopTest, AStreamThatIsIdleAgainHoldsNoMessagesMemory) {
    Recorder client;
    connect(client);
    ASSERT_TRUE(run_until([&] { return client.connected && servers.size() == 1; }));
    const std::size_t before = live_bytes();
    const std::vector<std::uint8_t> half(500'000);
    loop->send(client.stream, half);
    loop->send(client.stream, half);  // waits for the first
    ASSERT_TRUE(run_until([&] { return servers[0]->received.size() == 1'000'000 && client.sent == 1; }));
    release_memory(servers[0]->received);
    EXPECT_LT(live_bytes(), before + half.capacity() + 100'000);
}

TEST_P(EventLoopTest, ManyStreamsAtOnce) {
    std::vector<std::unique_ptr<Recorder>> clients;
    for (int i = 0; i < 200; ++i) {
        clients.push_back(std::make_unique<Recorder>());
        connect(*clients.back());
        const std::uint8_t byte = static_cast<std::uint8_t>(i);
        loop->send(clients.back()->stream, std::span(&byte, 1));
    }
    const auto total = [&] {
        std::size_t sum = 0;
        for (const auto& server : servers) {
            sum += server->received.size();
        }
        return sum;
    };
    ASSERT_TRUE(run_until([&] { return total() == 200; }));
    EXPECT_EQ(loop->streams(), 400U);
    for (auto& client : clients) {
        loop->close(client->stream);
    }
    ASSERT_TRUE(run_until([&] { return loop->streams() == 0; }));
    for (const auto& server : servers) {
        EXPECT_EQ(server->closed, 1);
    }
    for (const auto& client : clients) {
        EXPECT_EQ(client->closed, 0) << "who closes is told nothing";
    }
}

TEST_P(EventLoopTest, TheFirstOfManyIsSentWhileOthersAreStillHandedOver) {
    std::vector<FileDescriptor> peers;  // fewer than the submission queue has entries
    sockaddr_storage to{};
    const socklen_t length = address.fill(to);
    for (std::size_t i = 0; i < 60; ++i) {
        peers.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::connect(peers.back().get(), reinterpret_cast<const sockaddr*>(&to), length), 0);
    }
    ASSERT_TRUE(run_until([&] { return servers.size() == peers.size(); }));
    loop->run_once(Nanos{0});  // what accepting left to be submitted
    for (const auto& server : servers) {
        loop->send(server->stream, numbered(1));
    }
    pollfd first{peers.front().get(), POLLIN, 0};
    EXPECT_EQ(poll(&first, 1, 10'000), 1) << "the loop did not run since";
}

TEST_P(EventLoopTest, TellsThatNobodyListens) {
    SocketAddress nobody;
    {
        auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
        ASSERT_TRUE(listener);
        nobody = local_address(listener->get());
    }
    Recorder client;
    ASSERT_TRUE(loop->connect(nobody, client));
    ASSERT_TRUE(run_until([&] { return client.closed == 1; }));
    EXPECT_FALSE(client.connected);
    EXPECT_NE(client.why.find("refused"), std::string::npos) << client.why;
    EXPECT_EQ(loop->streams(), 0U);
}

TEST_P(EventLoopTest, StreamMayBeClosedAndAnotherOpenedByItsOwnCallback) {
    Recorder client;
    Recorder next;
    connect(client);
    ASSERT_TRUE(run_until([&] { return client.connected && !servers.empty(); }));
    client.on_bytes = [&] {
        loop->close(client.stream);
        connect(next);
    };
    loop->send(servers[0]->stream, numbered(100));
    ASSERT_TRUE(run_until([&] { return next.connected && servers.size() == 2; }));
    EXPECT_EQ(client.closed, 0);
    loop->send(servers[1]->stream, numbered(5));
    ASSERT_TRUE(run_until([&] { return next.received.size() == 5; }));
    EXPECT_EQ(loop->unsent(client.stream), 0U);
    loop->send(client.stream, numbered(5));  // gone: nothing happens
    EXPECT_EQ(loop->streams(), 2U);
}

TEST_P(EventLoopTest, SlowReaderKeepsItsBytesUnsent) {
    auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
    ASSERT_TRUE(listener);
    Recorder client;
    const auto stream = loop->connect(local_address(listener->get()), client);
    ASSERT_TRUE(stream);
    const auto bytes = numbered(32 << 20);  // more than the sockets' buffers hold, and nobody reads
    loop->send(*stream, bytes);
    for (int i = 0; i < 10; ++i) {
        loop->run_once(milliseconds{10});
    }
    EXPECT_TRUE(client.connected);
    EXPECT_EQ(client.sent, 0);
    EXPECT_GT(loop->unsent(*stream), 0U);
    loop->close(*stream);  // with a send in the kernel
    EXPECT_TRUE(run_until([&] { return loop->streams() == 0; }));
}

// More messages at once than there are registered buffers, short ones and some that fit none.
TEST_P(EventLoopTest, MessagesOfAllLengthsToManyStreamsArrive) {
    std::vector<std::unique_ptr<Recorder>> clients;
    for (int i = 0; i < 40; ++i) {
        clients.push_back(std::make_unique<Recorder>());
        connect(*clients.back());
    }
    ASSERT_TRUE(run_until([&] { return servers.size() == clients.size(); }));
    std::vector<std::uint8_t> expected;
    for (const std::size_t size : {1, 700, 4'096, 4'097, 30'000, 5, 4'000}) {
        const auto bytes = numbered(size);
        for (const auto& server : servers) {
            loop->send(server->stream, bytes);
            loop->send(server->stream, std::span(bytes).first(1));  // gathered behind the first
        }
        expected.insert(expected.end(), bytes.begin(), bytes.end());
        expected.push_back(bytes[0]);
        if (size % 2 == 0) {
            loop->run_once(milliseconds{1});
        }
    }
    for (const auto& client : clients) {
        ASSERT_TRUE(run_until([&] { return client->received.size() == expected.size(); }));
        EXPECT_EQ(client->received, expected);
    }
    for (const auto& server : servers) {
        EXPECT_EQ(loop->unsent(server->stream), 0U);
    }
}

TEST_P(EventLoopTest, WritingToAStreamThatItsPeerResetEndsThatStreamOnly) {
    Recorder client;
    connect(client);
    ASSERT_TRUE(run_until([&] { return client.connected && !servers.empty(); }));
    // Both ends write at once, and the one that closes has unread bytes: its kernel answers by a reset.
    for (int i = 0; i < 3; ++i) {
        loop->send(client.stream, numbered(100));
        loop->send(servers[0]->stream, numbered(100));
    }
    loop->close(client.stream);
    ASSERT_TRUE(run_until([&] {
        loop->send(servers[0]->stream, numbered(100));
        return servers[0]->closed == 1;
    }));
    Recorder next;
    connect(next);
    ASSERT_TRUE(run_until([&] { return servers.size() == 2; }));
    loop->send(servers[1]->stream, numbered(100));
    EXPECT_TRUE(run_until([&] { return next.received.size() == 100; })) << "the program is still there";
}

TEST_P(EventLoopTest, WatchesADescriptorAndKeepsTime) {
    const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int readable = 0;
    loop->watch(FileDescriptor{fd}, [&] {
        std::uint64_t count = 0;
        readable += read(fd, &count, sizeof count) == sizeof count ? 1 : 0;
    });
    bool called = false;
    const Instant begin = real_now();
    loop->call_after(milliseconds{30}, [&] { called = true; });
    const std::uint64_t one = 1;
    ASSERT_EQ(write(fd, &one, sizeof one), ssize_t{sizeof one});
    ASSERT_TRUE(run_until([&] { return readable == 1; }));
    ASSERT_EQ(write(fd, &one, sizeof one), ssize_t{sizeof one});
    ASSERT_TRUE(run_until([&] { return readable == 2 && called; }));
    EXPECT_GE(real_now() - begin, milliseconds{30});
}

TEST_P(EventLoopTest, AwaitsOnceThatADescriptorIsWritable) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), 0);
    const FileDescriptor from{ends[0]};
    const FileDescriptor to{ends[1]};
    std::array<char, 65'536> bytes{};
    const auto fill = [&] {
        while (write(to.get(), bytes.data(), bytes.size()) > 0) {
        }
    };
    const auto drain = [&] {
        while (read(from.get(), bytes.data(), bytes.size()) > 0) {
        }
    };
    fill();
    int called = 0;
    int called_when_closed = 0;
    loop->await_writable(to.get(), [&] { ++called; });
    loop->close(loop->await_writable(to.get(), [&] { ++called_when_closed; }));
    loop->run_once(milliseconds{20});
    EXPECT_EQ(called, 0) << "it is full";
    drain();
    ASSERT_TRUE(run_until([&] { return called == 1; }));
    fill();
    drain();
    bool again = false;
    loop->await_writable(to.get(), [&] { again = true; });
    ASSERT_TRUE(run_until([&] { return again; }));
    EXPECT_EQ(called, 1);
    EXPECT_EQ(called_when_closed, 0);
    EXPECT_EQ(loop->streams(), 0U);
}

constexpr UringFeatures kAll{};
constexpr UringFeatures kOld{
    .deferred = false, .buffer_ring = false, .multishot_accept = false, .registered_send = false};
INSTANTIATE_TEST_SUITE_P(Kernels, EventLoopTest, testing::Values(kAll, kOld),
                         [](const auto& info) { return info.param.deferred ? "new_one" : "old_one"; });

TEST(EventLoop, UsesWhatThisKernelHas) {
    const auto loop = EventLoop::make(real_now);
    ASSERT_TRUE(loop) << loop.error().text;
    EXPECT_EQ((*loop)->streams(), 0U);
    EXPECT_EQ((*loop)->unsent(kNoStream), 0U);
    EXPECT_TRUE((*loop)->features().registered_send) << "every kernel that has io_uring for us has it";
}

TEST(Uring, RegisteredBuffersAreTakenAndGivenBack) {
    const auto ring = Uring::make({.send_buffers = 2, .send_bytes = 100}, {});
    ASSERT_TRUE(ring) << ring.error().text;
    EXPECT_FALSE((*ring)->take_send_buffer(101)) << "too long for one";
    const auto first = (*ring)->take_send_buffer(100);
    const auto second = (*ring)->take_send_buffer(1);
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->bytes.data(), second->bytes.data());
    EXPECT_EQ(first->bytes.size(), 100U);
    EXPECT_FALSE((*ring)->take_send_buffer(1)) << "both are taken";
    (*ring)->give_back(*first);
    EXPECT_EQ((*ring)->take_send_buffer(1).value().index, first->index);
}

// A kernel that refuses to register them: no buffer at all is what it refuses, too.
TEST(Uring, WithoutRegisteredBuffersThereAreNone) {
    const auto refused = Uring::make({.send_buffers = 0}, {});
    ASSERT_TRUE(refused) << refused.error().text;
    EXPECT_FALSE((*refused)->features().registered_send);
    EXPECT_FALSE((*refused)->take_send_buffer(1));
    const auto unwanted = Uring::make({}, {.registered_send = false});
    ASSERT_TRUE(unwanted) << unwanted.error().text;
    EXPECT_FALSE((*unwanted)->take_send_buffer(1));
}

}  // namespace
}  // namespace izar
