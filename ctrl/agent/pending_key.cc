#include "ctrl/agent/pending_key.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "ctrl/agent/identity.h"

namespace izar {
namespace {

constexpr std::string_view kFirstOfRequest = "-----BEGIN CERTIFICATE REQUEST-----";

std::string first_line(const std::string& token) {
    Fingerprint print{};
    EVP_Digest(token.data(), token.size(), print.data(), nullptr, EVP_sha256(), nullptr);
    std::string out = "token ";
    for (const std::uint8_t byte : print) {
        out += fmt::format("{:02x}", byte);
    }
    return out + "\n";
}

}  // namespace

// The file: the token's line, the key, the request.
Result<CertificateRequest> pending_request(const std::string& folder, const std::string& token) {
    const std::string path = folder + "/node.key.pending";
    const std::string line = first_line(token);
    const auto kept = read_whole_file(path);
    if (kept && kept->starts_with(line)) {
        const std::size_t request = kept->find(kFirstOfRequest);
        if (request != std::string::npos && request_key(kept->substr(request))) {
            return CertificateRequest{kept->substr(request), kept->substr(line.size(), request - line.size())};
        }
    }
    auto made = make_request();
    if (made) {
        if (auto done = replace_file(path, line + made->key + made->request); !done) {
            return tl::unexpected(done.error());
        }
    }
    return made;
}

}  // namespace izar
