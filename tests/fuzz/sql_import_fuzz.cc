// sql_import_fuzz.cc -- An operator's SQL file from a stranger: every text ends in an inventory or in an error that
// names its place, and whatever was accepted is within the store's limits.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ctrl/store/checks.h"
#include "ctrl/store/sql_import.h"
#include "dataplane/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace izar;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto inventory = parse_sql_import(text, "fuzz.sql", WallTime{std::chrono::seconds{1'774'748'000}});
    if (!inventory) {
        CHECK(inventory.error().text.starts_with("fuzz.sql:"));
        return 0;
    }
    for (const NodeDeclaration& node : inventory->nodes) {
        CHECK(check_name("node", node.name) && check_name("region", node.region));
        CHECK(check_text("description", node.description, kMaxDescription) && !node.address.is_unspecified());
    }
    for (const auto& [domain, origin_ip] : inventory->domains) {
        CHECK(checked_domain(domain).value_or("") == domain && !origin_ip.is_unspecified());
    }
    return 0;
}
