#include "ctrl/operator/operator_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>

#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

class OperatorSocketTest : public testing::Test {
  protected:
    void SetUp() override {
        path = folder / "o.sock";
        loop = std::move(*EventLoop::make([] { return Instant{}; }));
        auto listener = listen_unix(path);
        ASSERT_TRUE(listener);
        socket = std::make_unique<OperatorSocket>(
            *loop, std::move(*listener),
            [this](std::string_view line, const OperatorSocket::Reply& reply) { answer(std::string(line), reply); });
    }
    static constexpr std::size_t kMuch = 50'000;

    // "bad" is refused, "later" is answered when the test calls `later`, "much" by kMuch bytes.
    void answer(const std::string& line, const OperatorSocket::Reply& reply) {
        ++answered;
        if (line == "later") {
            later = [reply] { reply(std::string("at last")); };
        } else if (line == "much") {
            reply(std::string(kMuch, 'm'));
        } else {
            reply(line == "bad" ? Result<std::string>(fail("no")) : "<" + line + ">");
        }
    }

    FileDescriptor connect() {
        FileDescriptor out{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path, path.c_str());
        EXPECT_EQ(::connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return out;
    }
    void write(int fd, std::string_view text) {
        ASSERT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }
    // What came, once it is as much as expected; "closed" if the other side ended.
    std::string read(int fd, std::size_t expected) {
        std::string out;
        for (int i = 0; i < 1'000 && out.size() < expected; ++i) {
            loop->run_once(std::chrono::milliseconds{2});
            char bytes[4096];
            const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
            if (got == 0) {
                return "closed";
            }
            out.append(bytes, got > 0 ? static_cast<std::size_t>(got) : 0);
        }
        return out;
    }

    TemporaryFolder folder;
    std::string path;
    std::unique_ptr<EventLoop> loop;
    std::function<void()> later;
    std::size_t answered = 0;
    std::unique_ptr<OperatorSocket> socket;
};

TEST_F(OperatorSocketTest, AnswersEachLineInOrderHoweverItComes) {
    const FileDescriptor client = connect();
    write(client.get(), "on");
    loop->run_once(std::chrono::milliseconds{2});
    write(client.get(), "e\nbad\ntwo\n");
    const std::string expected = "0 5\n<one>1 2\nno0 5\n<two>";
    EXPECT_EQ(read(client.get(), expected.size()), expected);
}

TEST_F(OperatorSocketTest, WhoWaitsForAnAnswerHoldsNobodyElseUp) {
    const FileDescriptor patient = connect();
    const FileDescriptor other = connect();
    write(patient.get(), "later\nafter\n");
    for (int i = 0; i < 1'000 && !later; ++i) {
        loop->run_once(std::chrono::milliseconds{2});
    }
    ASSERT_TRUE(later);
    write(other.get(), "a\n");
    EXPECT_EQ(read(other.get(), 7), "0 3\n<a>");
    later();
    const std::string expected = "0 7\nat last0 7\n<after>";
    EXPECT_EQ(read(patient.get(), expected.size()), expected);
}

TEST_F(OperatorSocketTest, AnAnswerForAClientThatIsGoneIsForNobody) {
    FileDescriptor leaving = connect();
    write(leaving.get(), "later\n");
    for (int i = 0; i < 1'000 && !later; ++i) {
        loop->run_once(std::chrono::milliseconds{2});
    }
    ASSERT_TRUE(later);
    leaving.reset();
    for (int i = 0; i < 10; ++i) {
        loop->run_once(std::chrono::milliseconds{2});
    }
    later();
    const FileDescriptor other = connect();
    write(other.get(), "a\n");
    EXPECT_EQ(read(other.get(), 7), "0 3\n<a>");
}

// Of what it asks for only as much is made as may wait for it, in the socket and with us, until it reads.
TEST_F(OperatorSocketTest, WhoDoesNotReadWaitsAndIsCutWhenItGoesOnAsking) {
    constexpr std::size_t kAsked = 60;
    const FileDescriptor patient = connect();
    for (std::size_t i = 0; i < kAsked; ++i) {
        write(patient.get(), "much\n");
    }
    for (int i = 0; i < 100; ++i) {
        loop->run_once(std::chrono::milliseconds{2});
    }
    EXPECT_LT(answered, kAsked / 2);
    const std::size_t expected = kAsked * (std::string_view("0 50000\n").size() + kMuch);
    EXPECT_EQ(read(patient.get(), expected).size(), expected) << "it reads at last";

    const FileDescriptor deaf = connect();
    for (std::size_t sent = 0; sent < 3 * OperatorSocket::kLongestLine; sent += 5) {
        ::send(deaf.get(), "much\n", 5, MSG_NOSIGNAL);
        if (sent % 1'000 == 0) {
            loop->run_once(Nanos{0});
        }
    }
    EXPECT_LT(answered, kAsked + kAsked / 2);
    std::string last;
    for (int i = 0; i < 100 && last != "closed"; ++i) {
        last = read(deaf.get(), kMuch);
    }
    EXPECT_EQ(last, "closed");
}

TEST_F(OperatorSocketTest, LineWithoutEndIsCutAndOthersAreServed) {
    const FileDescriptor endless = connect();
    const FileDescriptor other = connect();
    const std::string part(4'096, 'x');
    for (std::size_t sent = 0; sent <= OperatorSocket::kLongestLine; sent += part.size()) {
        ::send(endless.get(), part.data(), part.size(), MSG_NOSIGNAL);
        loop->run_once(std::chrono::milliseconds{2});
    }
    EXPECT_EQ(read(endless.get(), 1), "closed");
    write(other.get(), "a\n");
    EXPECT_EQ(read(other.get(), 7), "0 3\n<a>");
}

TEST_F(OperatorSocketTest, MoreClientsThanPlacesAreTurnedAway) {
    std::vector<FileDescriptor> clients;
    for (std::size_t i = 0; i <= OperatorSocket::kMostClients; ++i) {
        clients.push_back(connect());
    }
    EXPECT_EQ(read(clients.back().get(), 1), "closed");
    clients.erase(clients.begin());
    for (int i = 0; i < 10; ++i) {
        loop->run_once(std::chrono::milliseconds{2});
    }
    const FileDescriptor next = connect();
    write(next.get(), "a\n");
    EXPECT_EQ(read(next.get(), 7), "0 3\n<a>");
}

}  // namespace
}  // namespace izar
