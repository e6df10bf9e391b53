// ip_address_fuzz.cc -- Any text: an address that parses is one whose text parses to the same value.
#include <cstdint>
#include <string_view>

#include "dataplane/base/check.h"
#include "dataplane/base/ip_address.h"

namespace {

template <typename Address>
void expect_round_trip(std::string_view text) {
    const auto parsed = Address::parse(text);
    if (!parsed) {
        CHECK(!parsed.error().text.empty());
        return;
    }
    const auto again = Address::parse(parsed->text());
    CHECK(again && *again == *parsed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    expect_round_trip<izar::IpAddress>(text);
    expect_round_trip<izar::InterfaceAddress>(text);
    expect_round_trip<izar::MacAddress>(text);
    if (const auto parsed = izar::InterfaceAddress::parse(text)) {
        CHECK(parsed->contains(parsed->address));
    }
    return 0;
}
