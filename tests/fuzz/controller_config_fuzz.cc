// controller_config_fuzz.cc -- scheduling-config.yaml and node-discovery.yaml from a stranger: every text ends in a
// config or in an error that names its place, and what was accepted reads back as itself from its own dump.
#include <cstddef>
#include <cstdint>
#include <string>

#include "ctrl/config/discovery_config.h"
#include "ctrl/config/scheduling_config.h"
#include "dataplane/base/check.h"

namespace izar {
namespace {

// `parse` as parse_scheduling_config, `keys` as scheduling_keys. Secrets are masked in a dump, and in that of a dump.
template <typename Parse, typename Keys>
void check(const std::string& text, Parse parse, Keys keys) {
    auto config = parse(text, "fuzz.yaml");
    if (!config) {
        CHECK(config.error().text.starts_with("fuzz.yaml:"));
        return;
    }
    const std::string dumped = config_text(keys(*config));
    auto again = parse(dumped, "dumped.yaml");
    CHECK(again.has_value());
    CHECK(config_text(keys(*again)) == dumped);
}

}  // namespace
}  // namespace izar

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    izar::check(
        text, [](const auto& from, const auto& name) { return izar::parse_scheduling_config(from, name, {}); },
        izar::scheduling_keys);
    izar::check(
        text, [](const auto& from, const auto& name) { return izar::parse_discovery_config(from, name, {}); },
        izar::discovery_keys);
    return 0;
}
