#include "ctrl/agent/system_sample.h"

#include <control.pb.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace izar {
namespace {

constexpr std::uint64_t kKib = 1024;

std::string value_of(const std::string& line) {
    const auto colon = line.find(':');
    const auto begin = colon == std::string::npos ? colon : line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
}

// A number at the head of a text, 0 if there is none.
template <typename Number>
Number number_of(const std::string& text) {
    Number out{};
    std::istringstream(text) >> out;
    return out;
}

void read_cpu(const std::string& root, control::SystemSample& out) {
    std::ifstream file(root + "/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("processor")) {
            out.set_cpu_cores(out.cpu_cores() + 1);
        } else if (line.starts_with("model name")) {
            out.set_cpu_model_name(value_of(line));
        } else if (line.starts_with("cpu MHz")) {
            out.set_cpu_mhz(number_of<double>(value_of(line)));
        } else if (line.starts_with("cache size")) {
            out.set_cpu_cache_kib(number_of<std::uint32_t>(value_of(line)));
        }
    }
}

void read_memory(const std::string& root, control::SystemSample& out) {
    std::ifstream file(root + "/proc/meminfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("MemTotal")) {
            out.set_memory_total_bytes(number_of<std::uint64_t>(value_of(line)) * kKib);
        } else if (line.starts_with("MemAvailable")) {
            out.set_memory_available_bytes(number_of<std::uint64_t>(value_of(line)) * kKib);
        }
    }
}

// The interface that received most: the one that traffic of this node goes through.
void read_network(const std::string& root, control::SystemSample& out) {
    std::ifstream file(root + "/proc/net/dev");
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(':');
        if (colon == std::string::npos) {
            continue;
        }
        std::istringstream name_text(line.substr(0, colon));
        std::istringstream values(line.substr(colon + 1));
        std::string name;
        std::uint64_t value[16] = {};
        name_text >> name;
        for (std::uint64_t& each : value) {
            values >> each;
        }
        if (name != "lo" && (out.network_interface_name().empty() || value[0] > out.network_bytes_received())) {
            out.set_network_interface_name(name);
            out.set_network_bytes_received(value[0]);
            out.set_network_packets_received(value[1]);
            out.set_network_bytes_sent(value[8]);
            out.set_network_packets_sent(value[9]);
        }
    }
}

void read_disk(const std::string& root, control::SystemSample& out) {
    std::ifstream mounts(root + "/proc/mounts");
    std::string device;
    std::string place;
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream(line) >> device >> place;
        if (place == "/") {
            out.set_disk_device(device);
        }
    }
    struct statvfs status {};
    if (statvfs("/", &status) == 0) {
        out.set_disk_total_bytes(status.f_blocks * status.f_frsize);
        out.set_disk_free_bytes(status.f_bavail * status.f_frsize);
    }
}

void read_system(const std::string& root, control::SystemSample& out) {
    utsname names{};
    if (uname(&names) == 0) {
        out.set_hostname(names.nodename);
        out.set_os(names.sysname);
    }
    std::ifstream release(root + "/etc/os-release");
    for (std::string line; std::getline(release, line);) {
        const auto unquoted = [&] {
            std::string value = line.substr(line.find('=') + 1);
            std::erase(value, '"');
            return value;
        };
        if (line.starts_with("ID=")) {
            out.set_platform(unquoted());
        } else if (line.starts_with("VERSION_ID=")) {
            out.set_platform_version(unquoted());
        }
    }
    double uptime = 0;
    std::ifstream(root + "/proc/uptime") >> uptime;
    out.set_uptime_s(static_cast<std::uint64_t>(uptime));
    double load1 = 0;
    double load5 = 0;
    double load15 = 0;
    std::ifstream(root + "/proc/loadavg") >> load1 >> load5 >> load15;
    out.set_load1(load1);
    out.set_load5(load5);
    out.set_load15(load15);
}

}  // namespace

SystemSampler::SystemSampler(std::string root) : root_(std::move(root)) {
    read_usage(1);
}

control::SystemSample SystemSampler::read() {
    control::SystemSample out;
    read_cpu(root_, out);
    read_memory(root_, out);
    read_network(root_, out);
    read_disk(root_, out);
    read_system(root_, out);
    read_usage(kLeastTicks);
    out.set_cpu_usage_percent(usage_percent_);
    return out;
}

void SystemSampler::read_usage(std::uint64_t least_ticks) {
    std::ifstream file(root_ + "/proc/stat");
    std::string cpu;
    std::uint64_t ticks[8] = {};  // user nice system idle iowait irq softirq steal, proc(5)
    file >> cpu;
    std::uint64_t all = 0;
    for (std::uint64_t& each : ticks) {
        file >> each;
        all += each;
    }
    const std::uint64_t busy = all - ticks[3] - ticks[4];
    if (all < all_ticks_ + least_ticks) {
        return;
    }
    if (busy >= busy_ticks_) {
        usage_percent_ = 100.0 * static_cast<double>(busy - busy_ticks_) / static_cast<double>(all - all_ticks_);
    }
    busy_ticks_ = busy;
    all_ticks_ = all;
}

}  // namespace izar
