// The protocol over a real Unix socket, and the prompt over real pipes and a real pseudo terminal.
#include "dataplane/shell/control_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "dataplane/shell/fake_node.h"
#include "dataplane/shell/prompt.h"

namespace izar {
namespace {

using std::chrono::milliseconds;

constexpr int kMostRounds = 2000;  // of 10 ms: a test that waits longer has failed

int connect_to(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path.c_str());
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
    return fd;
}

void send_text(int fd, const std::string& text) {
    ASSERT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

struct SocketTest : testing::Test {
    FakeNode node;
    Shell shell{node, node};
    std::string path = testing::TempDir() + "izar_control_" + std::to_string(getpid()) + "/edge.sock";
    std::unique_ptr<Prompt> no_prompt;
    std::unique_ptr<ControlSocket> server = open();

    std::unique_ptr<ControlSocket> open() {
        auto result = ControlSocket::open(path, shell);
        EXPECT_TRUE(result) << result.error().text;
        return *std::move(result);
    }
    // Serves until `done` holds.
    template <typename Condition>
    void serve_until(Condition done) {
        for (int i = 0; i < kMostRounds && !done(); ++i) {
            serve_consoles(no_prompt, server.get(), milliseconds{10});
        }
        ASSERT_TRUE(done());
    }
    // One answer, as {status, body}, read while serving.
    std::pair<std::string, std::string> answer(int fd) {
        std::string text;
        std::size_t length = std::string::npos;
        serve_until([&] {
            char bytes[4096];
            const std::size_t newline = text.find('\n');
            if (newline != std::string::npos) {
                length = newline + 1 + std::stoul(text.substr(2, newline - 2));
            }
            if (length != std::string::npos && text.size() >= length) {
                return true;
            }
            const std::size_t want = length == std::string::npos ? 1 : std::min(sizeof bytes, length - text.size());
            const ssize_t count = recv(fd, bytes, want, MSG_DONTWAIT);
            text.append(bytes, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
            return false;
        });
        return {text.substr(0, 1), text.substr(text.find('\n') + 1)};
    }
    bool closed(int fd) {
        char byte = 0;
        return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
    }
};

TEST_F(SocketTest, AnswersWithStatusLengthAndBody) {
    const int fd = connect_to(path);
    send_text(fd, "show links\n");
    const auto [status, body] = answer(fd);
    EXPECT_EQ(status, "0");
    EXPECT_EQ(body, shell.execute("show links").text);
    send_text(fd, "bogus\n");
    EXPECT_EQ(answer(fd),
              (std::pair<std::string, std::string>{"1", "Command not found: 'bogus'; type help for a list\n"}));
    send_text(fd, "\r\n");
    EXPECT_EQ(answer(fd), (std::pair<std::string, std::string>{"0", ""}));
    close(fd);
}

TEST_F(SocketTest, RequestsMayComeInPiecesOrManyAtOnce) {
    const int fd = connect_to(path);
    send_text(fd, "set rew");
    for (int i = 0; i < 3; ++i) {
        serve_consoles(no_prompt, server.get(), milliseconds{1});
    }
    EXPECT_EQ(node.rewrites, 0U);
    send_text(fd, "rites 5\nset rewrites 6\nset rewrites 7\n");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(answer(fd).first, "0");
    }
    EXPECT_EQ(node.rewrites, 7U);
    close(fd);
}

TEST_F(SocketTest, AHalfClosedClientStillGetsItsAnswer) {
    const int fd = connect_to(path);
    send_text(fd, "start\n");
    shutdown(fd, SHUT_WR);
    EXPECT_EQ(answer(fd).first, "0");
    serve_until([&] { return closed(fd); });
    EXPECT_TRUE(node.forwarding);
    close(fd);
}

TEST_F(SocketTest, AnEndlessLineIsRefusedAndTheClientDropped) {
    const int fd = connect_to(path);
    send_text(fd, std::string(kLongestLine + 1, 'x'));
    const auto [status, body] = answer(fd);
    EXPECT_EQ(status, "1");
    EXPECT_NE(body.find("Bad arguments"), std::string::npos);
    serve_until([&] { return closed(fd); });
    close(fd);
}

TEST_F(SocketTest, AClientThatDoesNotReadHoldsUpNobody) {
    const int lazy = connect_to(path);
    fcntl(lazy, F_SETFL, O_NONBLOCK);
    // Asks until neither side's buffers take any more.
    const std::string question = "help\n";
    std::size_t asked = 0;
    for (int idle = 0; idle < 50;) {
        const ssize_t count = send(lazy, question.data(), question.size(), MSG_NOSIGNAL);
        idle = count > 0 ? 0 : idle + 1;
        asked += count > 0 ? 1 : 0;
        serve_consoles(no_prompt, server.get(), milliseconds{0});
    }
    EXPECT_GT(asked, 100U);
    const int brisk = connect_to(path);
    send_text(brisk, "show status\n");
    EXPECT_EQ(answer(brisk).first, "0");
    close(lazy);
    close(brisk);
}

TEST_F(SocketTest, ManyClientsAreServedInTurn) {
    std::vector<int> clients;
    for (std::size_t i = 0; i < kMaxControlClients + 4; ++i) {
        clients.push_back(connect_to(path));
        send_text(clients.back(), "show status\n");
        serve_consoles(no_prompt, server.get(), milliseconds{0});  // empties the kernel's queue while there is room
    }
    // The last ones wait in the kernel's queue until others leave.
    for (const int fd : clients) {
        EXPECT_EQ(answer(fd).first, "0");
        close(fd);
    }
}

TEST_F(SocketTest, OnlyTheOwnerMayConnect) {
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(SocketTest, TheSocketOfALivingNodeIsNotTaken) {
    const auto second = ControlSocket::open(path, shell);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().text.find("another process answers there"), std::string::npos) << second.error().text;
}

TEST_F(SocketTest, TheSocketOfADeadNodeIsReplacedAndAFileIsNot) {
    server.reset();
    EXPECT_NE(access(path.c_str(), F_OK), 0);
    const int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path.c_str());
    ASSERT_EQ(bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    close(dead);
    server = open();
    server.reset();
    close(creat(path.c_str(), 0600));
    EXPECT_FALSE(ControlSocket::open(path, shell));
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
    unlink(path.c_str());
}

TEST(PromptPipe, EachLineIsACommandAndTheEndQuits) {
    FakeNode node;
    Shell shell(node, node);
    int in[2];
    int out[2];
    ASSERT_EQ(pipe(in), 0);
    ASSERT_EQ(pipe(out), 0);
    Prompt prompt(shell, node, in[0], out[1], "izar> ");
    const std::string lines = "start\nset rewrites 3\nset rewrites 4";
    ASSERT_EQ(write(in[1], lines.data(), lines.size()), static_cast<ssize_t>(lines.size()));
    EXPECT_TRUE(prompt.on_readable());
    EXPECT_EQ(node.rewrites, 3U);
    // The answer is out before more is read.
    char bytes[4096];
    const ssize_t count = read(out[0], bytes, sizeof bytes);
    const std::string status = shell.execute("show status").text;
    EXPECT_EQ(std::string(bytes, static_cast<std::size_t>(count)), status + status);
    EXPECT_EQ(node.quits, 0);
    close(in[1]);
    EXPECT_FALSE(prompt.on_readable());
    EXPECT_EQ(node.rewrites, 4U);
    EXPECT_EQ(node.quits, 1);
    for (const int fd : {in[0], out[0], out[1]}) {
        close(fd);
    }
}

struct Terminal {
    int master = -1;
    int slave = -1;
    Terminal() { EXPECT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0); }
    ~Terminal() {
        close(master);
        close(slave);
    }
    // Types the text and gives what the prompt wrote up to and including `until`.
    std::string type(Prompt& prompt, const std::string& text, const std::string& until) {
        EXPECT_EQ(write(master, text.data(), text.size()), static_cast<ssize_t>(text.size()));
        std::string seen;
        for (int i = 0; i < kMostRounds && seen.find(until) == std::string::npos; ++i) {
            pollfd ready[] = {{.fd = slave, .events = POLLIN, .revents = 0},
                              {.fd = master, .events = POLLIN, .revents = 0}};
            poll(ready, 2, 10);
            if ((ready[0].revents & POLLIN) != 0) {
                prompt.on_readable();
            }
            char bytes[4096];
            if ((ready[1].revents & POLLIN) != 0) {
                const ssize_t count = read(master, bytes, sizeof bytes);
                seen.append(bytes, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
            }
        }
        EXPECT_NE(seen.find(until), std::string::npos) << seen;
        return seen;
    }
};

TEST(PromptTerminal, EditsCompletesAndRuns) {
    Terminal terminal;
    FakeNode node;
    Shell shell(node, node);
    termios before{};
    tcgetattr(terminal.slave, &before);
    {
        Prompt prompt(shell, node, terminal.slave, terminal.slave, "izar> ");
        terminal.type(prompt, "sta\t\n", "forwarding");
        EXPECT_TRUE(node.forwarding);
        const std::string offered = terminal.type(prompt, "show p\t\t", "paths");
        EXPECT_NE(offered.find("port"), std::string::npos) << offered;
        terminal.type(prompt, "\x03", "izar> ");
        terminal.type(prompt, "bogus\n", "Command not found");
        terminal.type(prompt, "\x04", "\n");
        EXPECT_EQ(node.quits, 1);
    }
    termios after{};
    tcgetattr(terminal.slave, &after);
    EXPECT_EQ(before.c_lflag, after.c_lflag);
}

}  // namespace
}  // namespace izar
