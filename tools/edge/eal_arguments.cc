#include "tools/edge/eal_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <string_view>

namespace izar {
namespace {

bool has(const std::vector<std::string>& given, std::initializer_list<std::string_view> options) {
    return std::ranges::any_of(given, [&](const std::string& argument) {
        return std::ranges::any_of(options, [&](std::string_view option) {
            const bool is_long = option.starts_with("--");
            return argument == option || argument.rfind(std::string(option) + (is_long ? "=" : ""), 0) == 0;
        });
    });
}

bool has_hardware(const EdgeConfig& config) {
    return std::ranges::any_of(config.ports, [](const PortConfig& port) { return port.device.rfind("net_", 0) != 0; });
}

}  // namespace

std::uint32_t dpdk_memory_mib(const EdgeConfig& config) noexcept {
    constexpr std::uint64_t kBufferBytes = 2'560;  // data room, mbuf header, mempool header
    constexpr std::uint64_t kFixedMib = 48;        // EAL, rings, driver queues
    return static_cast<std::uint32_t>(kFixedMib + (config.memory.packet_buffers * kBufferBytes >> 20));
}

std::uint32_t free_hugepages_mib() {
    std::ifstream file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
    std::uint32_t pages = 0;
    return file >> pages ? pages * 2 : 0;
}

bool place_lcores_themselves(const std::vector<std::string>& given) {
    return has(given, {"--lcores", "-l", "-c"});
}

std::vector<std::string> eal_arguments(const std::vector<std::string>& given, const EdgeConfig& config,
                                       const Placement& placement, std::uint32_t hugepages_mib) {
    std::vector<std::string> out{"izar-edge"};
    out.insert(out.end(), given.begin(), given.end());
    if (!place_lcores_themselves(given)) {
        out.push_back("--lcores=" + placement.eal_lcores());
    }
    if (!has(given, {"--file-prefix"})) {
        out.push_back("--file-prefix=izar-" + config.name);
    }
    if (!has(given, {"--no-pci", "-a", "--allow"}) && !has_hardware(config)) {
        out.push_back("--no-pci");
    }
    if (!has(given, {"-m", "--no-huge", "--socket-mem", "--in-memory"})) {
        const std::uint32_t need = dpdk_memory_mib(config);
        if (hugepages_mib < need) {
            out.push_back("--no-huge");
        }
        out.push_back("-m");
        out.push_back(std::to_string(need));
    }
    if (!has(given, {"--log-level"})) {
        out.push_back("--log-level=*:warning");
    }
    return out;
}

}  // namespace izar
