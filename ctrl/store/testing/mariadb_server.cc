#include "ctrl/store/testing/mariadb_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <mysql.h>
#include <pwd.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr std::chrono::seconds kStartLimit{60};

// Becomes "nobody" if this process is root; MariaDB refuses to run as root.
void drop_root() {
    if (::geteuid() != 0) {
        return;
    }
    const passwd* nobody = ::getpwnam("nobody");
    if (nobody == nullptr || ::setgid(nobody->pw_gid) != 0 || ::setuid(nobody->pw_uid) != 0) {
        ::_exit(126);
    }
}

// Puts this process into a network namespace of `ip netns`, or ends it.
void enter(const std::string& network_namespace) {
    const int fd = ::open(("/run/netns/" + network_namespace).c_str(), O_RDONLY | O_CLOEXEC);
    if (::setns(fd, CLONE_NEWNET) != 0) {
        ::_exit(126);
    }
}

pid_t run_program(std::vector<std::string> words, const std::string& log, const std::string& network_namespace = "") {
    const pid_t child = ::fork();
    CHECK(child >= 0);
    if (child > 0) {
        return child;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no server behind
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    if (!network_namespace.empty()) {
        enter(network_namespace);
    }
    drop_root();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // changing the user cleared it
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
}

// A connection to the server itself, or nothing if it does not answer.
MYSQL* connect_to(const std::string& socket) {
    MYSQL* session = mysql_init(nullptr);
    if (mysql_real_connect(session, nullptr, "izar_test", "", nullptr, 0, socket.c_str(), 0) == nullptr) {
        mysql_close(session);
        return nullptr;
    }
    return session;
}

// What a program said last, for an error: its folder goes with the server.
std::string end_of(const std::string& log) {
    std::ifstream file(log);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 1'000));
}

}  // namespace

Result<std::unique_ptr<MariadbServer>> MariadbServer::start(const std::string& network_namespace) {
    std::unique_ptr<MariadbServer> server(new MariadbServer);
    server->namespace_ = network_namespace;
    if (::geteuid() == 0) {
        const passwd* nobody = ::getpwnam("nobody");
        CHECK(nobody != nullptr && ::chown(server->folder_.path().c_str(), nobody->pw_uid, nobody->pw_gid) == 0);
    }
    const pid_t installer =
        run_program({"mariadb-install-db", "--no-defaults", "--datadir=" + server->folder_ / "data", "--skip-test-db",
                     "--auth-root-authentication-method=normal", "--innodb-log-file-size=8M"},
                    server->log());
    int status = 0;
    ::waitpid(installer, &status, 0);
    if (status != 0) {
        return fail(fmt::format("mariadb-install-db failed with status {}: {}", status, end_of(server->log())));
    }
    if (auto running = server->launch(); !running) {
        return tl::unexpected(running.error());
    }
    server->empty_database();
    return server;
}

Result<void> MariadbServer::launch() {
    // Without grant tables every name is let in; the socket lies in a folder that is the test's alone.
    process_ = run_program(
        {"mariadbd", "--no-defaults", "--datadir=" + folder_ / "data", "--socket=" + folder_ / "socket",
         "--pid-file=" + folder_ / "pid", namespace_.empty() ? "--skip-networking" : "--bind-address=0.0.0.0",
         "--skip-name-resolve", "--skip-grant-tables", "--innodb-flush-log-at-trx-commit=1",
         "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--performance-schema=0"},
        log(), namespace_);
    const auto limit = std::chrono::steady_clock::now() + kStartLimit;
    while (std::chrono::steady_clock::now() < limit) {
        if (MYSQL* session = connect_to(folder_ / "socket")) {
            mysql_close(session);
            return {};
        }
        if (::waitpid(process_, nullptr, WNOHANG) != 0) {
            process_ = -1;
            return fail("mariadbd ended at once: " + end_of(log()));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return fail(fmt::format("mariadbd does not answer within {} s: {}", kStartLimit.count(), end_of(log())));
}

void MariadbServer::stop(int signal) {
    if (process_ > 0) {
        ::kill(process_, signal);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
    }
}

MariadbServer::~MariadbServer() {
    stop(SIGKILL);
}

MariadbAddress MariadbServer::address() const {
    // A busy machine makes nobody late.
    MariadbAddress out;
    out.socket = folder_ / "socket";
    out.answer_limit = std::chrono::seconds{20};
    return out;
}

void MariadbServer::empty_database() {
    MYSQL* session = connect_to(folder_ / "socket");
    CHECK(session != nullptr);
    CHECK(mysql_query(session, "DROP DATABASE IF EXISTS izar") == 0);
    CHECK(mysql_query(session, "CREATE DATABASE izar") == 0);
    mysql_close(session);
}

Result<void> MariadbServer::crash_and_restart() {
    stop(SIGKILL);
    return launch();
}

}  // namespace izar
