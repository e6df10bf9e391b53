// link_roots.h -- LinkRoots: what the secrets of links are derived from, a root for each generation of them.
//
// The root of generation 0 is link-master.key. Each later generation has a seed of its own, 32 random bytes, and as its
// root HMAC-SHA256 of the seed under link-master.key. So a generation cannot be derived from what was known before it
// was made, link-master.key included; and the seed alone is worth nothing either.
//
// The store keeps seeds sealed: by AES-256-GCM under a key that HKDF-SHA256 makes of link-master.key and the
// authority's key, which every controller of the fleet has and no database.
//
//   | bytes 0..15 | 16..47      | 48..63 |
//   | salt        | seed        | tag    |    as 128 hexadecimal digits
//
// Thread: values.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ctrl/frames/static_data.h"
#include "ctrl/tls/certificates.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"
#include "dataplane/security/secret_bytes.h"

namespace izar {

// The fleet's master secret. Stays with the controllers.
using MasterSecret = std::array<std::uint8_t, 32>;
using LinkRoot = Secret;

enum class LinkGeneration : std::uint32_t {};

// HMAC-SHA256 over both node ids, lower first: both ends' data get the same, and nobody else's.
LinkSecret derive_link_secret(std::span<const std::uint8_t, 32> root, NodeId one, NodeId other);

// Random bytes that make a generation: seed and salt.
using GenerationRandom = SecretBytes<48>;

class LinkRoots {
  public:
    // `authority_key`: CertificateAuthority::key_hash().
    LinkRoots(const MasterSecret& master, const Fingerprint& authority_key = {})
        : master_(master), authority_key_(authority_key) {}

    // The sealed seed of a new generation.
    std::string make_seed(LinkGeneration generation, const GenerationRandom& random) const;
    // The root of a generation; `sealed` is not looked at for generation 0. The error says what is wrong with the seed.
    Result<LinkRoot> root(LinkGeneration generation, std::string_view sealed) const;

  private:
    Secret sealing_key(LinkGeneration generation, ByteView salt) const;

    Secret master_;
    Secret authority_key_;
};

}  // namespace izar
