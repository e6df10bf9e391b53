// Real memory, real processes: a side is killed at any instruction, and the pair finds together again.
#include "ctrl/ring/ring_end.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "dataplane/base/random.h"
#include "dataplane/base/testing/real_time.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

using ring::Kind;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class RingEndTest : public testing::Test {
  protected:
    std::unique_ptr<RingEnd> open(RingSide side, std::uint64_t boot) {
        auto out = RingEnd::open(path, side, boot);
        EXPECT_TRUE(out) << out.error().text;
        return out ? std::move(*out) : nullptr;
    }
    TemporaryFolder folder;
    std::string path = shared_path(folder.path());
};

std::optional<std::uint16_t> number_of(const std::optional<ring::Message>& message) {
    if (!message) {
        return std::nullopt;
    }
    return ring::body_of<ring::FeedNodeBody>(*message).node;
}

bool send_number(RingEnd& end, std::uint16_t number) {
    return end.send(Kind::feed_node, ring::FeedNodeBody{number, 0, {}});
}

TEST_F(RingEndTest, CarriesBothWaysOnceBothAreThere) {
    Instant now{};
    const auto agent = open(RingSide::agent, 1);
    EXPECT_FALSE(agent->poll(now));
    EXPECT_FALSE(send_number(*agent, 1)) << "nobody there";
    const auto edge = open(RingSide::edge, 2);
    EXPECT_FALSE(edge->poll(now)) << "the agent has not said hello yet";
    EXPECT_TRUE(agent->poll(now));
    EXPECT_TRUE(edge->poll(now));
    EXPECT_FALSE(edge->poll(now)) << "once for a pair of lives";
    ASSERT_TRUE(send_number(*agent, 7));
    ASSERT_TRUE(send_number(*edge, 8));
    EXPECT_EQ(number_of(edge->receive()), 7);
    EXPECT_EQ(number_of(agent->receive()), 8);
    EXPECT_FALSE(edge->receive());
}

bool rings(const FileDescriptor& bell) {
    pollfd ready{bell.get(), POLLIN, 0};
    return poll(&ready, 1, 0) == 1;
}

TEST_F(RingEndTest, TheBellRingsOnceForASideThatSleeps) {
    Instant now{};
    const auto agent = open(RingSide::agent, 1);
    const FileDescriptor bell = agent->bell();
    EXPECT_FALSE(agent->sleep()) << "nobody is there who would ring";
    const auto edge = open(RingSide::edge, 2);
    (void)agent->poll(now);
    ASSERT_TRUE(agent->sleep());
    EXPECT_FALSE(rings(bell));
    (void)edge->poll(now);
    EXPECT_TRUE(rings(bell)) << "also for a hello";
    hush_bell(bell.get());
    EXPECT_TRUE(agent->poll(now));

    ASSERT_TRUE(send_number(*edge, 7));
    EXPECT_FALSE(rings(bell)) << "who is awake is not called";
    EXPECT_FALSE(agent->sleep()) << "a message is here";
    EXPECT_EQ(number_of(agent->receive()), 7);
    ASSERT_TRUE(agent->sleep());
    for (std::uint16_t number = 8; number < 12; ++number) {
        ASSERT_TRUE(send_number(*edge, number));
    }
    char out[8];
    EXPECT_EQ(read(bell.get(), out, sizeof out), 1) << "one byte for all of them";
    EXPECT_FALSE(rings(bell));
}

// What is sent between the last look and the sleep neither waits for the next look nor rings for nobody.
TEST_F(RingEndTest, NoMessageSlipsPastASideThatFallsAsleep) {
    const auto agent = open(RingSide::agent, 1);
    const auto edge = open(RingSide::edge, 2);
    (void)agent->poll(Instant{});
    (void)edge->poll(Instant{});
    (void)agent->poll(Instant{});
    const FileDescriptor bell = agent->bell();
    constexpr std::uint16_t kNumbers = 20'000;
    std::thread sender([&] {
        Random random{1};
        for (std::uint16_t number = 1; number <= kNumbers;) {
            number = static_cast<std::uint16_t>(number + (send_number(*edge, number) ? 1 : 0));
            for (auto pause = random.below(200); pause > 0; --pause) {
                std::atomic_signal_fence(std::memory_order_seq_cst);
            }
        }
    });
    std::uint16_t last = 0;
    while (last < kNumbers) {
        while (const auto number = number_of(agent->receive())) {
            EXPECT_EQ(*number, last + 1);
            last = *number;
        }
        if (last < kNumbers && agent->sleep()) {
            pollfd ready{bell.get(), POLLIN, 0};
            ASSERT_EQ(poll(&ready, 1, 60'000), 1) << "asleep, and not called, at " << last;
            hush_bell(bell.get());
        }
    }
    sender.join();
}

TEST_F(RingEndTest, ABellThatIsNoFifoIsRefused) {
    std::ofstream(path + ".bell") << "no";
    const auto end = RingEnd::open(path, RingSide::agent, 1);
    ASSERT_FALSE(end);
    EXPECT_NE(end.error().text.find("remove it"), std::string::npos) << end.error().text;
}

TEST_F(RingEndTest, NewLifeTakesNothingMeantForTheFormer) {
    Instant now{};
    const auto agent = open(RingSide::agent, 1);
    auto edge = open(RingSide::edge, 2);
    (void)agent->poll(now);
    (void)edge->poll(now);
    (void)agent->poll(now);
    ASSERT_TRUE(send_number(*agent, 7));
    edge.reset();
    edge = open(RingSide::edge, 3);
    EXPECT_FALSE(edge->poll(now));
    EXPECT_FALSE(edge->receive());
    EXPECT_TRUE(agent->poll(now) || agent->poll(now));
    EXPECT_TRUE(edge->poll(now));
    EXPECT_FALSE(edge->receive()) << "7 was for the life that is over";
    ASSERT_TRUE(send_number(*agent, 9));
    EXPECT_EQ(number_of(edge->receive()), 9);
}

TEST_F(RingEndTest, FullRingRefusesAndHoldsUpNobody) {
    Instant now{};
    auto agent = open(RingSide::agent, 1);
    const auto edge = open(RingSide::edge, 2);
    (void)agent->poll(now);
    (void)edge->poll(now);
    (void)agent->poll(now);
    std::size_t sent = 0;
    while (send_number(*agent, 1)) {
        ++sent;
    }
    EXPECT_GE(sent, ring::kRingMessages - 1);
    EXPECT_EQ(agent->room(), 0U);
    agent.reset();
    agent = open(RingSide::agent, 5);  // its hello finds no room until the edge reads
    (void)agent->poll(now);
    (void)edge->poll(now);
    (void)agent->poll(now);
    EXPECT_TRUE(edge->poll(now) || edge->synchronised());
    EXPECT_FALSE(edge->receive());
    ASSERT_TRUE(send_number(*agent, 4));
    EXPECT_EQ(number_of(edge->receive()), 4);
}

// Marks and rings are not read in one instant: the hello may be seen first.
TEST_F(RingEndTest, HelloIsTakenBeforeTheMarkOfItsSenderIsSeen) {
    Instant now{};
    const auto edge = open(RingSide::edge, 2);
    const auto agent = open(RingSide::agent, 1);
    EXPECT_FALSE(agent->poll(now));  // said hello
    const FileDescriptor file{::open(path.c_str(), O_RDWR)};
    void* const memory = mmap(nullptr, ring::kSharedBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    ASSERT_NE(memory, MAP_FAILED);
    std::atomic<std::uint64_t>& mark = static_cast<ring::Shared*>(memory)->head.agent.boot;
    mark.store(0);
    EXPECT_FALSE(edge->poll(now));  // read the ring, but not yet the mark
    mark.store(1);
    EXPECT_TRUE(edge->poll(now));
    EXPECT_TRUE(agent->poll(now));
    ASSERT_TRUE(send_number(*agent, 7));
    EXPECT_EQ(number_of(edge->receive()), 7);
    munmap(memory, ring::kSharedBytes);
}

TEST_F(RingEndTest, SilenceIsNoticed) {
    Instant now{};
    const auto agent = open(RingSide::agent, 1);
    const auto edge = open(RingSide::edge, 2);
    for (int i = 0; i < 50; ++i) {
        now += milliseconds{100};
        (void)agent->poll(now);
        (void)edge->poll(now);
    }
    EXPECT_TRUE(edge->peer_is_alive(now));
    now += RingEnd::kSilence;
    (void)edge->poll(now);
    EXPECT_FALSE(edge->peer_is_alive(now + RingEnd::kSilence));
    EXPECT_EQ(edge->peer_minor_version(), ring::kMinorVersion);
}

TEST_F(RingEndTest, TheMarkOfALifeThatIsOverShowsNoLife) {
    Instant now{};
    {
        const auto agent = open(RingSide::agent, 1);
        const auto edge = open(RingSide::edge, 2);
        (void)agent->poll(now);
        (void)edge->poll(now);
        EXPECT_TRUE(agent->poll(now) && agent->peer_is_alive(now)) << "it has answered";
    }
    const auto agent = open(RingSide::agent, 3);
    for (int i = 0; i < 10; ++i) {
        (void)agent->poll(now);
        EXPECT_FALSE(agent->peer_is_alive(now));
        now += milliseconds{10};
    }
    const auto edge = open(RingSide::edge, 4);
    (void)agent->poll(now);
    EXPECT_TRUE(agent->peer_is_alive(now)) << "a new life is a sign of it";
}

TEST_F(RingEndTest, OneOfEachSideAndOneLayout) {
    const auto agent = open(RingSide::agent, 1);
    const auto second = RingEnd::open(path, RingSide::agent, 3);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().text.find("another izar-agent"), std::string::npos) << second.error().text;
    std::ofstream(folder / "other") << "short";
    EXPECT_FALSE(RingEnd::open(folder / "other", RingSide::edge, 4));
}

// A process that is the edge until it is killed: after each new pair of lives it expects numbers from 1 without a
// gap, and answers the greatest; 0 if the sequence is broken.
[[noreturn]] void be_edge(const std::string& path, std::uint64_t boot) {
    auto end = RingEnd::open(path, RingSide::edge, boot);
    if (!end) {
        _exit(2);
    }
    std::uint16_t expected = 1;
    while (true) {
        if ((*end)->poll(real_now())) {
            expected = 1;
        }
        while (const auto number = number_of((*end)->receive())) {
            expected = *number == expected ? static_cast<std::uint16_t>(expected + 1) : std::uint16_t{0};
            const auto answer = static_cast<std::uint16_t>(expected == 0 ? 0 : expected - 1);
            while (!send_number(**end, answer)) {
                std::this_thread::yield();
            }
            if (expected == 0) {
                _exit(3);
            }
        }
    }
}

TEST_F(RingEndTest, KilledEdgeComesBackAndNothingIsMixedUp) {
    const auto agent = open(RingSide::agent, 1);
    Random random{7};
    for (std::uint64_t life = 0; life < 60; ++life) {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            be_edge(path, 100 + life);
        }
        const Instant give_up = real_now() + std::chrono::seconds{10};
        while (!agent->poll(real_now()) && real_now() < give_up) {
        }
        ASSERT_TRUE(agent->synchronised()) << "life " << life;
        const Instant until = real_now() + microseconds{random.below(3'000)};
        std::uint16_t sent = 0;
        std::uint16_t heard = 0;
        do {
            sent =
                static_cast<std::uint16_t>(sent + (send_number(*agent, static_cast<std::uint16_t>(sent + 1)) ? 1 : 0));
            while (const auto answer = number_of(agent->receive())) {
                ASSERT_EQ(*answer, heard + 1) << "life " << life;
                heard = *answer;
            }
        } while (real_now() < until && sent < 60'000);
        kill(child, SIGKILL);
        int status = 0;
        waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the edge ended by itself with " << WEXITSTATUS(status);
        ASSERT_LE(heard, sent);
    }
}

TEST_F(RingEndTest, KilledAgentComesBackAndNothingIsMixedUp) {
    const auto edge = open(RingSide::edge, 1);
    Random random{8};
    std::uint64_t total = 0;
    for (std::uint64_t life = 0; life < 60; ++life) {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto agent = RingEnd::open(path, RingSide::agent, 100 + life);
            for (std::uint16_t number = 0; agent.has_value();) {
                number = (*agent)->poll(real_now()) ? std::uint16_t{0} : number;
                number = static_cast<std::uint16_t>(
                    number + ((*agent)->synchronised() && send_number(**agent, number + 1) ? 1 : 0));
            }
            _exit(2);
        }
        std::uint16_t expected = 0;
        const Instant give_up = real_now() + std::chrono::seconds{10};
        while (!edge->poll(real_now()) && real_now() < give_up) {
        }
        ASSERT_TRUE(edge->synchronised()) << "life " << life;
        const Instant until = real_now() + microseconds{500 + random.below(3'000)};
        while (real_now() < until || (expected == 0 && real_now() < give_up)) {
            while (const auto number = number_of(edge->receive())) {
                ASSERT_EQ(*number, static_cast<std::uint16_t>(expected + 1)) << "life " << life;
                expected = *number;
                ++total;
            }
        }
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    EXPECT_GT(total, 60U);
}

}  // namespace
}  // namespace izar
