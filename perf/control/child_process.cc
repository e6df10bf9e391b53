#include "perf/control/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

namespace izar {

ChildProcess::ChildProcess(const std::string& program, const std::string& config, const std::string& log) {
    process_ = fork();
    if (process_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(open(log.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
        execl(program.c_str(), program.c_str(), "--config", config.c_str(), nullptr);
        _exit(127);
    }
}

ChildProcess::~ChildProcess() {
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
}

double ChildProcess::cpu_seconds() const {
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

double ChildProcess::peak_mib() const {
    return status_mib("VmHWM:");
}

double ChildProcess::own_mib() const {
    return status_mib("RssAnon:");
}

double ChildProcess::status_mib(const char* key) const {
    std::ifstream file(fmt::format("/proc/{}/status", process_));
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(key)) {
            return std::strtod(line.c_str() + std::char_traits<char>::length(key), nullptr) / 1024;
        }
    }
    return 0;
}

}  // namespace izar
