#include "ctrl/controller/link_roots.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "dataplane/base/byte_order.h"
#include "dataplane/security/primitives.h"

namespace izar {
namespace {

constexpr std::string_view kSecretLabel = "izar link secret 1";
constexpr std::string_view kRootLabel = "izar link root";
constexpr std::string_view kSealLabel = "izar link seed";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kSeedBytes = 32;
constexpr std::size_t kSealedBytes = kSaltBytes + kSeedBytes + kSealTagLength;
using Sealed = std::array<std::uint8_t, kSealedBytes>;

void put(std::span<std::uint8_t>& at, const void* bytes, std::size_t count) {
    std::memcpy(at.data(), bytes, count);
    at = at.subspan(count);
}

std::array<std::uint8_t, kSealLabel.size() + 4> labelled(std::string_view label, LinkGeneration generation) {
    static_assert(kSealLabel.size() == kRootLabel.size());
    std::array<std::uint8_t, kSealLabel.size() + 4> out{};
    std::span<std::uint8_t> at = out;
    const Be32 number{raw(generation)};
    put(at, label.data(), label.size());
    put(at, &number, sizeof number);
    return out;
}

std::optional<Sealed> read_sealed(std::string_view text) {
    Sealed out{};
    if (text.size() != out.size() * 2) {
        return std::nullopt;
    }
    for (std::uint8_t& byte : out) {
        const auto [end, problem] = std::from_chars(text.data(), text.data() + 2, byte, 16);
        if (problem != std::errc{} || end != text.data() + 2) {
            return std::nullopt;
        }
        text.remove_prefix(2);
    }
    return out;
}

}  // namespace

LinkSecret derive_link_secret(std::span<const std::uint8_t, 32> root, NodeId one, NodeId other) {
    std::array<std::uint8_t, kSecretLabel.size() + 4> text{};
    std::span<std::uint8_t> at = text;
    const std::array<Be16, 2> ids = {Be16{raw(std::min(one, other))}, Be16{raw(std::max(one, other))}};
    put(at, kSecretLabel.data(), kSecretLabel.size());
    put(at, &ids, sizeof ids);
    const Secret secret = hmac_sha256(root, text);
    LinkSecret out{};
    std::ranges::copy(secret.view(), out.begin());
    return out;
}

Secret LinkRoots::sealing_key(LinkGeneration generation, ByteView salt) const {
    SecretBytes<64> keys;
    std::ranges::copy(master_.view(), keys.writable().begin());
    std::ranges::copy(authority_key_.view(), keys.writable().begin() + 32);
    Secret out;
    hkdf_expand(hkdf_extract(salt, keys.view()), labelled(kSealLabel, generation), out.writable());
    return out;
}

// A key seals once: its salt is random.
std::string LinkRoots::make_seed(LinkGeneration generation, const GenerationRandom& random) const {
    const ByteView seed = random.view().first<kSeedBytes>();
    const ByteView salt = random.view().last<kSaltBytes>();
    Sealed sealed{};
    std::ranges::copy(salt, sealed.begin());
    seal_message(sealing_key(generation, salt), 0, {}, seed, std::span{sealed}.subspan<kSaltBytes>());
    std::string out;
    for (const std::uint8_t byte : sealed) {
        out += fmt::format("{:02x}", byte);
    }
    return out;
}

Result<LinkRoot> LinkRoots::root(LinkGeneration generation, std::string_view sealed) const {
    if (generation == LinkGeneration{}) {
        return master_;
    }
    const auto bytes = read_sealed(sealed);
    Secret seed;
    if (!bytes || !open_message(sealing_key(generation, ByteView{*bytes}.first(kSaltBytes)), 0, {},
                                ByteView{*bytes}.subspan(kSaltBytes), seed.writable())) {
        return fail(
            fmt::format("the seed of generation {} of link secrets was not sealed by controllers with this "
                        "authority.key and link-master.key, or is damaged; put the store back from a copy",
                        raw(generation)));
    }
    SecretBytes<kRootLabel.size() + 4 + kSeedBytes> message;
    std::span<std::uint8_t> at = message.writable();
    const auto label = labelled(kRootLabel, generation);
    put(at, label.data(), label.size());
    put(at, seed.view().data(), kSeedBytes);
    return hmac_sha256(master_.view(), message.view());
}

}  // namespace izar
