// secrets_fuzz.cc -- The file of link secrets, of whatever bytes: read or refused with a line, never a crash.
//
// Input: the file's text. What is accepted must give both ends of a link the same secrets; an error
// begins with the file.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/check.h"
#include "dataplane/security/secrets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace izar;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto secrets = LinkSecrets::parse(text, "secrets");
    if (!secrets) {
        CHECK(secrets.error().text.starts_with("secrets"));
        return 0;
    }
    const AcceptedSecrets there = secrets->of(NodeId{1}, NodeId{2});
    CHECK(there == secrets->of(NodeId{2}, NodeId{1}));
    CHECK(there.count <= kSecretsPerLink);
    return 0;
}
