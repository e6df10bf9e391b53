#include "ctrl/store/testing/mariadb_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <mysql.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
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

pid_t run_program(std::vector<std::string> words, const std::string& log) {
    const pid_t child = ::fork();
    CHECK(child >= 0);
    if (child > 0) {
        return child;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no server behind
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
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

}  // namespace

std::string scratch_folder() {
    return ::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path().string();
}

Result<std::unique_ptr<MariadbServer>> MariadbServer::start() {
    std::string folder = scratch_folder() + "/izar-mariadb-XXXXXX";
    CHECK(::mkdtemp(folder.data()) != nullptr);
    if (::geteuid() == 0) {
        const passwd* nobody = ::getpwnam("nobody");
        CHECK(nobody != nullptr && ::chown(folder.c_str(), nobody->pw_uid, nobody->pw_gid) == 0);
    }
    std::unique_ptr<MariadbServer> server(new MariadbServer(folder));
    const pid_t installer =
        run_program({"mariadb-install-db", "--no-defaults", "--datadir=" + folder + "/data", "--skip-test-db",
                     "--auth-root-authentication-method=normal", "--innodb-log-file-size=8M"},
                    folder + ".log");
    int status = 0;
    ::waitpid(installer, &status, 0);
    if (WEXITSTATUS(status) == 127) {
        return fail("mariadb-install-db is not installed (package mariadb-server-core)");
    }
    if (status != 0) {
        return fail(fmt::format("mariadb-install-db failed with status {}; its log is {}.log", status, folder));
    }
    if (auto running = server->launch(); !running) {
        return tl::unexpected(running.error());
    }
    server->empty_database();
    return server;
}

Result<void> MariadbServer::launch() {
    // Without grant tables every name is let in; the socket lies in a folder that is the test's alone.
    process_ = run_program({"mariadbd", "--no-defaults", "--datadir=" + folder_ + "/data",
                            "--socket=" + folder_ + "/socket", "--pid-file=" + folder_ + "/pid", "--skip-networking",
                            "--skip-grant-tables", "--innodb-flush-log-at-trx-commit=1",
                            "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--performance-schema=0"},
                           folder_ + ".log");
    const auto limit = std::chrono::steady_clock::now() + kStartLimit;
    while (std::chrono::steady_clock::now() < limit) {
        if (MYSQL* session = connect_to(folder_ + "/socket")) {
            mysql_close(session);
            return {};
        }
        if (::waitpid(process_, nullptr, WNOHANG) != 0) {
            process_ = -1;
            return fail(fmt::format("mariadbd ended at once; its log is {}.log", folder_));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return fail(fmt::format("mariadbd does not answer within {} s; its log is {}.log", kStartLimit.count(), folder_));
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
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    std::filesystem::remove(folder_ + ".log", ignored);
}

MariadbAddress MariadbServer::address() const {
    return {.socket = folder_ + "/socket"};
}

void MariadbServer::empty_database() {
    MYSQL* session = connect_to(folder_ + "/socket");
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
