#include "ctrl/controller/operator_socket.h"

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
        socket = std::make_unique<OperatorSocket>(*loop, std::move(*listener),
                                                  [](std::string_view line) -> Result<std::string> {
                                                      if (line == "bad") {
                                                          return fail("no");
                                                      }
                                                      return "<" + std::string(line) + ">";
                                                  });
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
