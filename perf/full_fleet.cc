#include "perf/full_fleet.h"

#include <cmath>
#include <random>
#include <utility>

namespace izar {

std::vector<std::chrono::microseconds> full_mesh() {
    std::mt19937 random{7};
    std::uniform_real_distribution<double> place{0, 200'000};
    std::uniform_real_distribution<double> detour{1, 2.5};
    std::vector<std::pair<double, double>> at(kMaxNodes);
    for (auto& [x, y] : at) {
        x = place(random);
        y = place(random);
    }
    std::vector<std::chrono::microseconds> out(kMaxNodes * kMaxNodes);
    for (std::size_t from = 0; from < kMaxNodes; ++from) {
        for (std::size_t to = 0; to < kMaxNodes; ++to) {
            if (from != to) {
                const double distance = std::hypot(at[from].first - at[to].first, at[from].second - at[to].second);
                const double us = 500 + distance * detour(random);
                out[from * kMaxNodes + to] = std::chrono::microseconds{static_cast<std::int64_t>(us)};
            }
        }
    }
    return out;
}

std::vector<Service> full_services(std::uint32_t version) {
    constexpr std::size_t kSets = 64;
    const auto id_at = [](std::size_t slot) { return NodeId{static_cast<std::uint16_t>(slot + 1)}; };
    std::vector<Service> services(kMaxServices);
    for (std::size_t i = 0; i < services.size(); ++i) {
        Service& service = services[i];
        service.id = ServiceId{static_cast<std::uint32_t>(i + 1)};
        service.vip = IpAddress{Ipv4Address{Be32{0x0A630001}}};
        service.first_port = service.last_port = static_cast<std::uint16_t>(1 + i);
        service.egresses = {{id_at(1 + i % kSets), 1}, {id_at(100 + i % kSets), 2}};
        service.origins = {{IpAddress{Ipv4Address{Be32{0x0A620001}}}, static_cast<std::uint16_t>(1 + i % kSets), 1}};
    }
    services[0].id = ServiceId{static_cast<std::uint32_t>(kMaxServices + version)};
    return services;
}

}  // namespace izar
