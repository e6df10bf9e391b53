// Over sockets on loopback, with both ends and the passage in one loop, and a clock that the test moves.
#include "ctrl/controller/passage.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <list>
#include <string>

namespace izar {
namespace {

using std::chrono::milliseconds;

std::vector<std::uint8_t> bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

// One end of a connection, which keeps what it is told.
struct Talker : StreamEvents {
    void on_received(std::span<const std::uint8_t> bytes) override { heard.append(bytes.begin(), bytes.end()); }
    void on_closed(const std::string&) override { closed = true; }

    StreamId stream = kNoStream;
    std::string heard;
    bool closed = false;
};

class PassageTest : public testing::Test {
  protected:
    void SetUp() override {
        loop = std::move(*EventLoop::make([this] { return now; }));
        passage = std::make_unique<Passage>(*loop);
        at = listen([this](StreamId stream, const SocketAddress&) { return passage->accept(stream); });
    }
    void TearDown() override { passage.reset(); }

    SocketAddress listen(EventLoop::Accept accept, std::uint16_t port = 0) {
        auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), port});
        EXPECT_TRUE(listener) << listener.error().text;
        const SocketAddress out = local_address(listener->get());
        loop->accept(std::move(*listener), std::move(accept));
        return out;
    }
    // A controller that leads; whoever comes is a Talker of `comers`.
    SocketAddress start_leader(std::list<Talker>& comers, std::uint16_t port = 0) {
        return listen(
            [&comers](StreamId stream, const SocketAddress&) -> StreamEvents* {
                comers.emplace_back().stream = stream;
                return &comers.back();
            },
            port);
    }
    Talker& connect() {
        Talker& out = clients.emplace_back();
        out.stream = *loop->connect(at, out);
        return out;
    }
    void say(const Talker& who, std::string_view text) { loop->send(who.stream, bytes_of(text)); }
    template <typename Condition>
    [[nodiscard]] bool run_until(Condition condition, Nanos step = {}) {
        for (int i = 0; i < 5'000 && !condition(); ++i) {
            now += step;
            loop->run_once(milliseconds{2});
        }
        return condition();
    }
    static SocketAddress nobody() {
        return local_address(listen_tcp({*IpAddress::parse("127.0.0.1"), 0}).value().get());
    }

    Instant now{std::chrono::seconds{1}};
    std::list<Talker> clients;
    std::list<Talker> leader;  // its ends of the connections
    std::list<Talker> next;    // and those of the one that leads after it
    std::unique_ptr<EventLoop> loop;
    std::unique_ptr<Passage> passage;
    SocketAddress at;
};

TEST_F(PassageTest, BytesGoThroughBothWaysAndSoDoesTheEnd) {
    passage->lead_to(start_leader(leader));
    Talker& client = connect();
    std::string said = "first words";
    say(client, said);
    ASSERT_TRUE(run_until([&] { return leader.size() == 1 && leader.front().heard == said; }));
    for (int i = 0; i < 200; ++i) {
        const std::string part(static_cast<std::size_t>(i * 37 % 1'000), static_cast<char>('a' + i % 26));
        say(client, part);
        said += part;
    }
    ASSERT_TRUE(run_until([&] { return leader.front().heard == said; }));
    say(leader.front(), "answer");
    ASSERT_TRUE(run_until([&] { return client.heard == "answer"; }));
    say(client, "more");
    ASSERT_TRUE(run_until([&] { return leader.front().heard == said + "more"; }));
    loop->close(client.stream);
    ASSERT_TRUE(run_until([&] { return leader.front().closed; }));
    EXPECT_EQ(passage->connections(), 0U);
}

TEST_F(PassageTest, LastWordsArriveBeforeTheEnd) {
    passage->lead_to(start_leader(leader));
    Talker& client = connect();
    say(client, "?");
    ASSERT_TRUE(run_until([&] { return leader.size() == 1 && leader.front().heard == "?"; }));
    // More than fits into the sockets' buffers at once.
    const std::string much(std::size_t{4} << 20, 'x');
    say(leader.front(), much);
    ASSERT_TRUE(run_until([&] { return loop->unsent(leader.front().stream) == 0; }));
    loop->close(leader.front().stream);
    ASSERT_TRUE(run_until([&] { return client.closed; }));
    EXPECT_EQ(client.heard.size(), much.size());
}

TEST_F(PassageTest, WhoComesWhileNobodyLeadsWaits) {
    Talker& client = connect();
    say(client, "early");
    ASSERT_TRUE(run_until([&] { return passage->connections() == 1; }));
    const SocketAddress address = nobody();
    passage->lead_to(address);
    for (Nanos waited{}; waited < 5 * Passage::kLook; waited += milliseconds{10}) {  // it is refused, again and again
        now += milliseconds{10};
        loop->run_once(milliseconds{2});
    }
    EXPECT_EQ(passage->connections(), 1U);
    start_leader(leader, address.port);
    ASSERT_TRUE(run_until([&] { return leader.size() == 1 && leader.front().heard == "early"; }, milliseconds{10}));
    EXPECT_FALSE(client.closed);
}

TEST_F(PassageTest, WaitingEnds) {
    Talker& silent = connect();
    ASSERT_TRUE(run_until([&] { return passage->connections() == 1; }));
    now += Passage::kPatience - milliseconds{1};
    for (int i = 0; i < 10; ++i) {
        loop->run_once(milliseconds{2});
    }
    EXPECT_FALSE(silent.closed);
    now += milliseconds{1} + Passage::kLook;
    ASSERT_TRUE(run_until([&] { return silent.closed; }));
    EXPECT_EQ(passage->connections(), 0U);
    Talker& hurried = connect();
    ASSERT_TRUE(run_until([&] { return passage->connections() == 1; }));
    passage->lead_to(std::nullopt, Passage::kShortPatience);
    now += Passage::kShortPatience + Passage::kLook;
    ASSERT_TRUE(run_until([&] { return hurried.closed; }));
}

TEST_F(PassageTest, AnotherLeaderEndsWhatWasLedToTheFormer) {
    passage->lead_to(start_leader(leader));
    Talker& client = connect();
    say(client, "one");
    ASSERT_TRUE(run_until([&] { return leader.size() == 1 && leader.front().heard == "one"; }));
    Talker& waits = connect();  // it has said nothing yet
    ASSERT_TRUE(run_until([&] { return passage->connections() == 2; }));
    passage->lead_to(start_leader(next));
    ASSERT_TRUE(run_until([&] { return client.closed && leader.front().closed; }));
    say(waits, "two");
    ASSERT_TRUE(run_until([&] { return next.size() == 1 && next.front().heard == "two"; }));
    passage->lead_to(std::nullopt);
    ASSERT_TRUE(run_until([&] { return waits.closed; }));
}

TEST_F(PassageTest, WhoSaysNothingReachesNoLeaderAndTheOldestMakesRoom) {
    passage->lead_to(start_leader(leader));
    Talker& oldest = connect();
    ASSERT_TRUE(run_until([&] { return passage->connections() == 1; }));
    for (std::size_t i = 1; i <= Passage::kMostWaiting; ++i) {
        connect();
    }
    ASSERT_TRUE(run_until([&] { return oldest.closed; }));
    Talker& client = connect();
    say(client, "here");
    ASSERT_TRUE(run_until([&] { return leader.size() == 1 && leader.front().heard == "here"; }));
    EXPECT_LE(passage->connections(), Passage::kMostWaiting + 1);
}

TEST_F(PassageTest, WhoSaysTooMuchWhileItWaitsIsCut) {
    Talker& client = connect();
    say(client, std::string(Passage::kMostKept + 1, 'x'));
    ASSERT_TRUE(run_until([&] { return client.closed; }));
    EXPECT_EQ(passage->connections(), 0U);
}

TEST_F(PassageTest, WhoDoesNotReadIsCutAndCostsNoMoreThanItsBound) {
    passage->lead_to(start_leader(leader));
    const FileDescriptor deaf = open_tcp(Family::ipv4).value();
    sockaddr_storage address{};
    const socklen_t length = at.fill(address);
    ASSERT_EQ(::connect(deaf.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
    ASSERT_EQ(::send(deaf.get(), "?", 1, MSG_NOSIGNAL), 1);
    ASSERT_TRUE(run_until([&] { return leader.size() == 1 && leader.front().heard == "?"; }));
    const std::string part(std::size_t{1} << 20, 'x');
    std::size_t said = 0;
    ASSERT_TRUE(run_until([&] {
        if (!leader.front().closed && loop->unsent(leader.front().stream) == 0) {
            say(leader.front(), part);
            said += part.size();
        }
        return leader.front().closed;
    }));
    // Two connections' socket buffers, which the kernel lets grow to some MiB each, hold the rest.
    EXPECT_GT(said, Passage::kMostUnsent);
    EXPECT_LT(said, Passage::kMostUnsent + (std::size_t{64} << 20));
    EXPECT_EQ(passage->connections(), 0U);
}

}  // namespace
}  // namespace izar
