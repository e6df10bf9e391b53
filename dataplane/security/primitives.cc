#include "dataplane/security/primitives.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "dataplane/base/byte_order.h"
#include "dataplane/base/check.h"
#include "dataplane/base/free_by.h"

namespace izar {
namespace {

using Digest = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeBy<EVP_CIPHER_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Agreement = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;

constexpr std::size_t kNonceLength = 12;
using Nonce = std::array<std::uint8_t, kNonceLength>;

Nonce nonce_of(std::uint64_t counter) noexcept {
    Nonce nonce{};
    const Be64 value{counter};
    std::memcpy(nonce.data() + 4, &value, sizeof value);
    return nonce;
}

int size_of(ByteView bytes) noexcept {
    return static_cast<int>(bytes.size());
}

Key private_key(const Secret& secret) noexcept {
    return Key{EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.view().data(), secret.view().size())};
}

}  // namespace

void cleanse(void* at, std::size_t bytes) noexcept {
    OPENSSL_cleanse(at, bytes);
}

bool equal_in_constant_time(ByteView a, ByteView b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void fill_random(std::span<std::uint8_t> out) noexcept {
    CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

Hash sha256(ByteView first, ByteView second) noexcept {
    Hash out;
    const Digest digest{EVP_MD_CTX_new()};
    CHECK(digest != nullptr && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1 &&
          EVP_DigestUpdate(digest.get(), first.data(), first.size()) == 1 &&
          EVP_DigestUpdate(digest.get(), second.data(), second.size()) == 1 &&
          EVP_DigestFinal_ex(digest.get(), out.data(), nullptr) == 1);
    return out;
}

Secret hmac_sha256(ByteView key, ByteView data) noexcept {
    Secret out;
    CHECK(HMAC(EVP_sha256(), key.data(), size_of(key), data.data(), data.size(), out.writable().data(), nullptr) !=
          nullptr);
    return out;
}

Secret hkdf_extract(ByteView salt, ByteView key) noexcept {
    return hmac_sha256(salt, key);
}

void hkdf_expand(const Secret& key, ByteView info, std::span<std::uint8_t> out) noexcept {
    CHECK(info.size() <= kLongestInfo && out.size() <= 255 * kHashLength);
    // T(n) = HMAC(key, T(n-1) | info | n)
    SecretBytes<kHashLength + kLongestInfo + 1> input;
    const auto text = input.writable();
    std::size_t before = 0;
    std::uint8_t round = 1;
    for (std::size_t done = 0; done < out.size(); done += kHashLength, ++round) {
        std::ranges::copy(info, text.begin() + static_cast<std::ptrdiff_t>(before));
        text[before + info.size()] = round;
        const Secret block = hmac_sha256(key.view(), ByteView{text}.first(before + info.size() + 1));
        const std::size_t wanted = std::min(kHashLength, out.size() - done);
        std::ranges::copy(block.view().first(wanted), out.begin() + static_cast<std::ptrdiff_t>(done));
        std::ranges::copy(block.view(), text.begin());
        before = kHashLength;
    }
}

KeyPair key_pair_of(const Secret& secret) noexcept {
    KeyPair pair{secret, {}};
    const Key key = private_key(secret);
    std::size_t length = pair.public_key.size();
    CHECK(key != nullptr && EVP_PKEY_get_raw_public_key(key.get(), pair.public_key.data(), &length) == 1 &&
          length == kPublicKeyLength);
    return pair;
}

bool shared_secret(const Secret& own, const PublicKey& peer, Secret& out) noexcept {
    const Key key = private_key(own);
    const Key peer_key{EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size())};
    CHECK(key != nullptr && peer_key != nullptr);
    const Agreement agreement{EVP_PKEY_CTX_new(key.get(), nullptr)};
    CHECK(agreement != nullptr && EVP_PKEY_derive_init(agreement.get()) == 1);
    std::size_t length = out.view().size();
    // OpenSSL refuses the all-zero result here (RFC 7748 section 6.1).
    return EVP_PKEY_derive_set_peer(agreement.get(), peer_key.get()) == 1 &&
           EVP_PKEY_derive(agreement.get(), out.writable().data(), &length) == 1 && length == out.view().size();
}

void seal_message(const Secret& key, std::uint64_t counter, ByteView associated, ByteView plain,
                  std::span<std::uint8_t> out) noexcept {
    CHECK(out.size() == plain.size() + kSealTagLength);
    const Nonce nonce = nonce_of(counter);
    const Cipher cipher{EVP_CIPHER_CTX_new()};
    int written = 0;
    CHECK(cipher != nullptr &&
          EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.view().data(), nonce.data()) == 1 &&
          EVP_EncryptUpdate(cipher.get(), nullptr, &written, associated.data(), size_of(associated)) == 1 &&
          EVP_EncryptUpdate(cipher.get(), out.data(), &written, plain.data(), size_of(plain)) == 1 &&
          EVP_EncryptFinal_ex(cipher.get(), out.data() + plain.size(), &written) == 1 &&
          EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kSealTagLength, out.data() + plain.size()) == 1);
}

bool open_message(const Secret& key, std::uint64_t counter, ByteView associated, ByteView sealed,
                  std::span<std::uint8_t> out) noexcept {
    CHECK(sealed.size() >= kSealTagLength && out.size() == sealed.size() - kSealTagLength);
    const Nonce nonce = nonce_of(counter);
    std::array<std::uint8_t, kSealTagLength> tag;
    std::ranges::copy(sealed.last(kSealTagLength), tag.begin());
    const Cipher cipher{EVP_CIPHER_CTX_new()};
    int written = 0;
    CHECK(cipher != nullptr &&
          EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.view().data(), nonce.data()) == 1 &&
          EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kSealTagLength, tag.data()) == 1 &&
          EVP_DecryptUpdate(cipher.get(), nullptr, &written, associated.data(), size_of(associated)) == 1 &&
          EVP_DecryptUpdate(cipher.get(), out.data(), &written, sealed.data(), static_cast<int>(out.size())) == 1);
    if (EVP_DecryptFinal_ex(cipher.get(), out.data() + out.size(), &written) == 1) {
        return true;
    }
    cleanse(out.data(), out.size());
    return false;
}

}  // namespace izar
