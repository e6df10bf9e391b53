// The client against the node's own socket code, and against strangers who answer something else.
#include "tools/izar/control_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <thread>

#include "dataplane/shell/control_socket.h"
#include "dataplane/shell/fake_node.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct ControlClient : testing::Test {
    std::filesystem::path run = std::filesystem::path(testing::TempDir()) / ("izar_client_" + std::to_string(getpid()));
    std::string path = run / "ams/edge.sock";

    ControlClient() { std::filesystem::create_directories(run / "ams"); }
    ~ControlClient() override { std::filesystem::remove_all(run); }
};

// A node's shell and socket on a thread of their own, until destruction.
class RunningNode {
  public:
    explicit RunningNode(const std::string& path)
        : server_(*ControlSocket::open(path, shell_)), thread_([this] {
              std::unique_ptr<Prompt> no_prompt;
              while (!stop_.load()) {
                  serve_consoles(no_prompt, server_.get(), milliseconds{5});
              }
          }) {}
    ~RunningNode() {
        stop_.store(true);
        thread_.join();
    }
    Shell& shell() { return shell_; }

  private:
    FakeNode node_;
    Shell shell_{node_, node_};
    std::unique_ptr<ControlSocket> server_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

// Accepts one connection and sends `text`, whatever was asked.
class Stranger {
  public:
    Stranger(const std::string& path, std::string text) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path, path.c_str());
        EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(fd_, 1), 0);
        thread_ = std::thread([this, text = std::move(text)] {
            const int client = accept(fd_, nullptr, nullptr);
            char bytes[512];
            EXPECT_GT(recv(client, bytes, sizeof bytes, 0), 0);
            EXPECT_GE(send(client, text.data(), text.size(), MSG_NOSIGNAL), 0);
            close(client);
        });
    }
    ~Stranger() {
        thread_.join();
        close(fd_);
    }

  private:
    int fd_;
    std::thread thread_;
};

TEST_F(ControlClient, AsksARunningNode) {
    RunningNode node(path);
    const auto status = ask_node(path, "show status", seconds{5});
    ASSERT_TRUE(status) << status.error().text;
    EXPECT_TRUE(status->ok);
    EXPECT_EQ(status->text.find("node ams (id 1)"), 0U);
    const auto refused = ask_node(path, "bogus", seconds{5});
    ASSERT_TRUE(refused);
    EXPECT_FALSE(refused->ok);
    EXPECT_FALSE(ask_node(path, "show links\nquit", seconds{5}));
}

TEST_F(ControlClient, SaysWhyNobodyAnswers) {
    const auto missing = ask_node(path, "help", seconds{1});
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().text.find("nobody is there"), std::string::npos) << missing.error().text;
    EXPECT_FALSE(ask_node(std::string(200, 'x'), "help", seconds{1}));
}

TEST_F(ControlClient, DoesNotBelieveStrangers) {
    for (const char* text : {"HTTP/1.1 200 OK\r\n\r\n", "2 5\nhello", "0 five\nhello", "0 99999999999\n", "0 -1\n",
                             "0 10\nshort", "no newline and longer than a status line"}) {
        Stranger stranger(path, text);
        EXPECT_FALSE(ask_node(path, "help", seconds{5})) << text;
        std::filesystem::remove(path);
    }
}

TEST_F(ControlClient, FindsTheOnlyNodeOrAsksWhich) {
    EXPECT_EQ(find_control_socket("par", "/run/izar"), "/run/izar/par/edge.sock");
    EXPECT_FALSE(find_control_socket("../etc", run));
    EXPECT_FALSE(find_control_socket("", run));
    RunningNode ams(path);
    EXPECT_EQ(find_control_socket("", run), path);
    std::filesystem::create_directories(run / "par");
    RunningNode par(run / "par/edge.sock");
    const auto two = find_control_socket("", run);
    ASSERT_FALSE(two);
    EXPECT_EQ(two.error().text, "several nodes run here; choose one with --node: ams, par");
    EXPECT_EQ(find_agent_socket("par", "/run/izar"), "/run/izar/par/agent.sock");
    EXPECT_NE(find_agent_socket("", run).error().text.find("no izar-agent runs here"), std::string::npos);
}

}  // namespace
}  // namespace izar
