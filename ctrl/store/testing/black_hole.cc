#include "ctrl/store/testing/black_hole.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "dataplane/base/check.h"

namespace izar {
namespace {

void run(const std::string& command) {
    CHECK(std::system(command.c_str()) == 0);
}

}  // namespace

// Addresses for benchmarks of networks (RFC 2544), four for each process.
BlackHole::BlackHole() : name_(fmt::format("izar-hole-{}", getpid())) {
    const int four = getpid() % (1 << 14);
    const std::string net = fmt::format("198.18.{}.", four >> 6);
    const int first = (four & 63) * 4;
    address_ = net + std::to_string(first + 2);
    const std::string outside = fmt::format("hole{}", getpid());
    run("ip netns add " + name_);
    run(fmt::format("ip link add {} type veth peer name inside netns {}", outside, name_));
    run(fmt::format("ip addr add {}{}/30 dev {} && ip link set {} up", net, first + 1, outside, outside));
    run(fmt::format("ip -n {} addr add {}/30 dev inside && ip -n {} link set inside up", name_, address_, name_));
}

BlackHole::~BlackHole() {
    run(fmt::format("ip link del hole{} && ip netns del {}", getpid(), name_));  // who comes next makes them anew
}

void BlackHole::swallow_at(const char* hook) {
    run(
        fmt::format("ip netns exec {0} nft 'add table ip hole; "
                    "add chain ip hole {1} {{ type filter hook {1} priority 0; policy drop; }}'",
                    name_, hook));
}

void BlackHole::swallow() {
    swallow_at("input");
    swallow_at("output");
}

void BlackHole::swallow_answers() {
    swallow_at("output");
}

void BlackHole::let_through() {
    run(fmt::format("ip netns exec {} nft flush ruleset", name_));
}

}  // namespace izar
