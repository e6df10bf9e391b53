#include "dataplane/wire/path_probe.h"

#include <algorithm>

namespace izar {

PathProbe make_path_probe() noexcept {
    PathProbe probe{};
    probe.kind = ControlKind::path_probe;
    probe.version = kControlVersion;
    probe.length = Be16{sizeof(PathProbe)};
    return probe;
}

bool is_path_probe(std::span<const std::uint8_t> message) noexcept {
    if (message.size() < sizeof(PathProbe)) {
        return false;
    }
    const auto& probe = *reinterpret_cast<const PathProbe*>(message.data());
    const auto is_node = [](Be16 node) { return node.value() != 0; };
    const auto* const end = std::ranges::find_if_not(probe.back, is_node);
    return probe.kind == ControlKind::path_probe && probe.version == kControlVersion &&
           probe.length.value() == sizeof(PathProbe) && probe.number.value() != 0 && end != probe.back.begin() &&
           std::none_of(end, probe.back.end(), is_node);
}

std::size_t back_length(const PathProbe& probe) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(probe.back, [](Be16 node) { return node.value() != 0; }));
}

}  // namespace izar
