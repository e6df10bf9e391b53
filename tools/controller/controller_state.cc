#include "tools/controller/controller_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "ctrl/agent/identity.h"

namespace izar {
namespace {

constexpr std::size_t kShortestApiToken = 16;

Result<CertificateAuthority> open_authority(const std::string& folder, WallSeconds now) {
    const std::string certificate = folder + "/authority.crt";
    const std::string key = folder + "/authority.key";
    const std::string waiting = certificate + ".waiting";
    if (!std::filesystem::exists(certificate) && !std::filesystem::exists(key)) {
        auto made = CertificateAuthority::make(now);
        if (!made) {
            return made;
        }
        // Once the key is there, the certificate waits for its name only: a start that was interrupted goes on.
        if (auto done = replace_file(waiting, made->certificate()); !done) {
            return tl::unexpected(done.error());
        }
        if (auto done = replace_file(key, made->credentials().key); !done) {
            return tl::unexpected(done.error());
        }
    }
    if (!std::filesystem::exists(certificate) && std::filesystem::exists(waiting)) {
        std::error_code problem;
        std::filesystem::rename(waiting, certificate, problem);
        if (problem) {
            return fail(fmt::format("{}: {}; give a folder that may be written", certificate, problem.message()));
        }
    }
    if (!std::filesystem::exists(certificate)) {
        return fail(fmt::format("{} is missing beside {}; put it back from a copy, for every node trusts this key",
                                certificate, key));
    }
    const auto certificate_text = read_whole_file(certificate);
    const auto key_text = read_whole_file(key);
    if (!certificate_text || !key_text) {
        return tl::unexpected(certificate_text ? key_text.error() : certificate_text.error());
    }
    return CertificateAuthority::load({*certificate_text, *key_text});
}

Result<MasterSecret> open_master(const std::string& folder,
                                 const std::function<void(std::span<std::uint8_t>)>& random) {
    const std::string path = folder + "/link-master.key";
    MasterSecret out{};
    if (!std::filesystem::exists(path)) {
        random(out);
        if (auto done = replace_file(path, std::string(out.begin(), out.end())); !done) {
            return tl::unexpected(done.error());
        }
        return out;
    }
    const auto text = read_whole_file(path);
    if (!text || text->size() != out.size()) {
        return fail(fmt::format("{} has no {} bytes; put it back from a copy, or all links lose their secrets", path,
                                out.size()));
    }
    std::ranges::copy(*text, out.begin());
    return out;
}

Result<std::string> open_api_token(const std::string& folder,
                                   const std::function<void(std::span<std::uint8_t>)>& random) {
    const std::string path = folder + "/api.token";
    if (!std::filesystem::exists(path)) {
        std::array<std::uint8_t, 32> bytes{};
        random(bytes);
        std::string made;
        for (const std::uint8_t byte : bytes) {
            made += fmt::format("{:02x}", byte);
        }
        if (auto done = replace_file(path, made + "\n"); !done) {
            return tl::unexpected(done.error());
        }
        return made;
    }
    auto text = read_whole_file(path);
    while (text && text->ends_with('\n')) {
        text->pop_back();
    }
    if (!text || text->size() < kShortestApiToken || text->find_first_of(" \r\n") != std::string::npos) {
        return fail(fmt::format("{} holds no token of at least {} characters; remove it, and the next start makes one",
                                path, kShortestApiToken));
    }
    return *text;
}

}  // namespace

Result<ControllerState> open_controller_state(const std::string& folder, WallSeconds now,
                                              const std::function<void(std::span<std::uint8_t>)>& random) {
    auto authority = open_authority(folder, now);
    if (!authority) {
        return tl::unexpected(authority.error());
    }
    const auto master = open_master(folder, random);
    if (!master) {
        return tl::unexpected(master.error());
    }
    const auto api_token = open_api_token(folder, random);
    if (!api_token) {
        return tl::unexpected(api_token.error());
    }
    return ControllerState{*std::move(authority), *master, *api_token};
}

}  // namespace izar
