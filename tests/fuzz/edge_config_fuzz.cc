// edge_config_fuzz.cc -- edge.yaml from a stranger: every text ends in a config or in an error, and a
// config that was accepted reads back as itself from its own text.
#include <cstddef>
#include <cstdint>
#include <string>

#include "dataplane/base/check.h"
#include "dataplane/config/edge_config.h"
#include "dataplane/config/edge_config_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto config = izar::parse_edge_config(text, "fuzz.yaml");
    if (!config) {
        CHECK(config.error().text.starts_with("fuzz.yaml:"));
        return 0;
    }
    const std::string written = izar::edge_config_text(*config);
    const auto again = izar::parse_edge_config(written, "written.yaml");
    CHECK(again && izar::edge_config_text(*again) == written);
    return 0;
}
