#include "perf/control/real_controller.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "ctrl/store/store.h"
#include "ctrl/store/token.h"
#include "tools/controller/controller_state.h"

namespace izar {

Result<void> make_fleet(const FleetOptions& options, const std::string& folder, WallTime now,
                        const std::function<void(NodeId, TlsContext)>& add) {
    const auto today = std::chrono::floor<std::chrono::seconds>(now);
    const auto fill = [&](std::span<std::uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), std::uint8_t{7}); };
    const auto state = open_controller_state(folder, today, fill);
    auto store = open_sqlite_store(folder + "/izar.db", {});
    if (!state || !store) {
        return tl::unexpected(state ? store.error() : state.error());
    }
    TokenRandom random{};
    const std::string token = new_token(random);
    const auto uses = static_cast<std::uint32_t>(options.agents);
    if (const auto made = (*store)->create_token(token, {"perf", std::chrono::hours{1}, uses}, now); !made) {
        return fail(made.error().text);
    }
    for (std::size_t i = 0; i < options.agents; ++i) {
        const auto request = make_request();
        const auto address = *IpAddress::parse(fmt::format("10.{}.{}.1", i / 250, i % 250));
        const auto record =
            (*store)->join({token, fmt::format("n{}", i), address, *request_key(request->request)}, now);
        if (!record) {
            return fail(record.error().text);
        }
        const auto certificate = state->authority.sign_node(request->request, record->id, today);
        auto tls = TlsContext::for_node({*certificate, request->key}, state->authority.certificate());
        if (!tls) {
            return tl::unexpected(tls.error());
        }
        add(record->id, *std::move(tls));
    }
    return {};
}

RealController::RealController(const std::string& program, std::string folder, std::uint16_t port)
    : folder_(std::move(folder)) {
    const std::string config = folder_ + "/scheduling-config.yaml";
    std::ofstream(config) << fmt::format("listen: 127.0.0.1:{}\napi: none\noperator_socket: {}\nstate: {}\n", port,
                                         operator_socket(), folder_);
    process_ = fork();
    if (process_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int log = open((folder_ + "/log").c_str(), O_WRONLY | O_CREAT, 0600);
        dup2(log, STDOUT_FILENO);
        execl(program.c_str(), program.c_str(), "--config", config.c_str(), nullptr);
        _exit(127);
    }
}

RealController::~RealController() {
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
}

double RealController::cpu_seconds() const {
    std::ifstream file(fmt::format("/proc/{}/stat", process_));
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double RealController::peak_mib() const {
    std::ifstream file(fmt::format("/proc/{}/status", process_));
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("VmHWM:")) {
            return std::strtod(line.c_str() + 6, nullptr) / 1024;
        }
    }
    return 0;
}

}  // namespace izar
