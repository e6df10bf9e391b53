#include "ctrl/etcd/testing/etcd_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "ctrl/etcd/etcd_client.h"
#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr std::chrono::seconds kStartLimit{30};

// A port that was free a moment ago.
std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    CHECK(socket >= 0);
    sockaddr_in place{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof place;
    CHECK(::bind(socket, reinterpret_cast<sockaddr*>(&place), size) == 0);
    CHECK(::getsockname(socket, reinterpret_cast<sockaddr*>(&place), &size) == 0);
    ::close(socket);
    return ntohs(place.sin_port);
}

[[noreturn]] void become_etcd(std::vector<std::string> words, const std::string& log) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no server behind
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
}

}  // namespace

EtcdAccess access_by(const EtcdCertificates& certificates) {
    const KeyFiles own = certificates.client();
    return {.ca_file = certificates.ca_file(), .certificate_file = own.certificate, .key_file = own.key};
}

Result<std::unique_ptr<EtcdServer>> EtcdServer::start(const EtcdCertificates* certificates) {
    std::unique_ptr<EtcdServer> server(new EtcdServer);
    server->endpoint_ = fmt::format("{}://127.0.0.1:{}", certificates == nullptr ? "http" : "https", free_port());
    const std::string peers = fmt::format("http://127.0.0.1:{}", free_port());
    const std::string log = server->folder_ / "log";
    server->process_ = ::fork();
    CHECK(server->process_ >= 0);
    if (server->process_ == 0) {
        std::vector<std::string> words{"etcd",
                                       "--name",
                                       "test",
                                       "--data-dir",
                                       server->folder_ / "data",
                                       "--listen-client-urls",
                                       server->endpoint_,
                                       "--advertise-client-urls",
                                       server->endpoint_,
                                       "--listen-peer-urls",
                                       peers,
                                       "--initial-advertise-peer-urls",
                                       peers,
                                       "--initial-cluster",
                                       "test=" + peers};
        if (certificates != nullptr) {
            const KeyFiles own = certificates->server();
            words.insert(words.end(), {"--cert-file", own.certificate, "--key-file", own.key, "--trusted-ca-file",
                                       certificates->ca_file(), "--client-cert-auth"});
        }
        become_etcd(std::move(words), log);
    }
    EtcdClient client({server->endpoint_}, std::chrono::seconds{1},
                      certificates == nullptr ? EtcdAccess{} : access_by(*certificates));
    const auto limit = std::chrono::steady_clock::now() + kStartLimit;
    while (std::chrono::steady_clock::now() < limit) {
        if (client.list("/")) {
            return server;
        }
        int status = 0;
        if (::waitpid(server->process_, &status, WNOHANG) != 0) {
            server->process_ = -1;
            return fail(fmt::format("etcd ended at once with status {}", status));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return fail(fmt::format("etcd does not answer within {} s", kStartLimit.count()));
}

EtcdServer::~EtcdServer() {
    if (process_ > 0) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
}

void EtcdServer::freeze() {
    ::kill(process_, SIGSTOP);
    ::waitpid(process_, nullptr, WUNTRACED);  // its threads stop one after the other, and might answer meanwhile
}

void EtcdServer::thaw() {
    ::kill(process_, SIGCONT);
}

}  // namespace izar
