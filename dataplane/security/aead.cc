#include "dataplane/security/aead.h"

#include <intel-ipsec-mb.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "dataplane/base/byte_order.h"
#include "dataplane/base/check.h"

namespace izar {
namespace {

using Tag = std::array<std::uint8_t, kTagLength>;
using Salt = std::array<std::uint8_t, 4>;
using Nonce = std::array<std::uint8_t, 12>;

struct FreeManager {
    void operator()(IMB_MGR* manager) const noexcept { free_mb_mgr(manager); }
};
struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* cipher) const noexcept { EVP_CIPHER_CTX_free(cipher); }
};

Nonce nonce_of(const Salt& salt, std::uint64_t packet_number) noexcept {
    Nonce nonce;
    const Be64 number{packet_number};
    std::memcpy(nonce.data(), salt.data(), salt.size());
    std::memcpy(nonce.data() + salt.size(), &number, sizeof number);
    return nonce;
}

// Without a branch that depends on where two tags differ.
bool same_tag(const Tag& computed, const std::uint8_t* received) noexcept {
    std::array<std::uint64_t, 2> ours;
    std::array<std::uint64_t, 2> theirs;
    std::memcpy(ours.data(), computed.data(), sizeof ours);
    std::memcpy(theirs.data(), received, sizeof theirs);
    return ((ours[0] ^ theirs[0]) | (ours[1] ^ theirs[1])) == 0;
}

bool has_aes_instructions() noexcept {
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}

void seal_with(EVP_CIPHER_CTX* cipher, const std::uint8_t* key, const Nonce& nonce, const AeadPacket& packet) noexcept {
    int written = 0;
    CHECK(EVP_EncryptInit_ex(cipher, nullptr, nullptr, key, nonce.data()) == 1 &&
          EVP_EncryptUpdate(cipher, nullptr, &written, packet.associated, static_cast<int>(packet.associated_length)) ==
              1 &&
          EVP_EncryptUpdate(cipher, packet.text, &written, packet.text, static_cast<int>(packet.text_length)) == 1 &&
          EVP_EncryptFinal_ex(cipher, packet.text + packet.text_length, &written) == 1 &&
          EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, kTagLength, packet.text + packet.text_length) == 1);
}

bool open_with(EVP_CIPHER_CTX* cipher, const std::uint8_t* key, const Nonce& nonce, const AeadPacket& packet) noexcept {
    int written = 0;
    CHECK(EVP_DecryptInit_ex(cipher, nullptr, nullptr, key, nonce.data()) == 1 &&
          EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, kTagLength, packet.text + packet.text_length) == 1 &&
          EVP_DecryptUpdate(cipher, nullptr, &written, packet.associated, static_cast<int>(packet.associated_length)) ==
              1 &&
          EVP_DecryptUpdate(cipher, packet.text, &written, packet.text, static_cast<int>(packet.text_length)) == 1);
    return EVP_DecryptFinal_ex(cipher, packet.text + packet.text_length, &written) == 1;
}

}  // namespace

// One of the two parts is there. libipsec-mb's functions are called directly, a packet at a time: they interleave the
// blocks of one packet, and the library's job queue does nothing else for GCM (docs/decisions/0005-aead.md).
struct Aead::Machine {
    std::unique_ptr<IMB_MGR, FreeManager> manager;
    std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> encrypt;
    std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> decrypt;
};

Aead::Aead(std::unique_ptr<Machine> machine) noexcept : machine_(std::move(machine)) {}
Aead::~Aead() = default;

Result<std::unique_ptr<Aead>> Aead::make(AeadCode code) {
    static_assert(sizeof(gcm_key_data) <= AeadKey::kExpandedBytes && alignof(gcm_key_data) <= alignof(AeadKey));
    auto machine = std::make_unique<Machine>();
    if (code == AeadCode::best && has_aes_instructions()) {
        machine->manager.reset(alloc_mb_mgr(0));
        if (machine->manager == nullptr) {
            return fail("libipsec-mb gave no memory for its tables; free some memory");
        }
        init_mb_mgr_auto(machine->manager.get(), nullptr);
        if (const int error = imb_get_errno(machine->manager.get()); error != 0) {
            return fail(std::string{"libipsec-mb does not start on this CPU: "} + imb_get_strerror(error));
        }
    } else {
        machine->encrypt.reset(EVP_CIPHER_CTX_new());
        machine->decrypt.reset(EVP_CIPHER_CTX_new());
        if (EVP_EncryptInit_ex(machine->encrypt.get(), EVP_aes_128_gcm(), nullptr, nullptr, nullptr) != 1 ||
            EVP_DecryptInit_ex(machine->decrypt.get(), EVP_aes_128_gcm(), nullptr, nullptr, nullptr) != 1) {
            return fail("OpenSSL offers no AES-128-GCM; its configuration must activate the default provider");
        }
    }
    return std::unique_ptr<Aead>(new Aead(std::move(machine)));
}

AeadCode Aead::code() const noexcept {
    return machine_->manager != nullptr ? AeadCode::best : AeadCode::openssl;
}

void Aead::expand(const TrafficKey& key, AeadKey& out) noexcept {
    if (machine_->manager != nullptr) {
        auto* const data = reinterpret_cast<gcm_key_data*>(out.expanded_.data());
        IMB_AES128_GCM_PRE(machine_->manager.get(), key.key.view().data(), data);
    } else {
        std::ranges::copy(key.key.view(), out.expanded_.begin());
    }
    out.salt_ = key.salt;
    out.epoch_byte_ = key.epoch_byte;
}

void Aead::seal(std::span<const AeadPacket> packets) noexcept {
    gcm_context_data scratch;
    IMB_MGR* const manager = machine_->manager.get();
    for (const AeadPacket& packet : packets) {
        const Nonce nonce = nonce_of(packet.key->salt_, packet.packet_number);
        const std::uint8_t* const key = packet.key->expanded_.data();
        if (manager == nullptr) [[unlikely]] {
            seal_with(machine_->encrypt.get(), key, nonce, packet);
            continue;
        }
        manager->gcm128_enc(reinterpret_cast<const gcm_key_data*>(key), &scratch, packet.text, packet.text,
                            packet.text_length, nonce.data(), packet.associated, packet.associated_length,
                            packet.text + packet.text_length, kTagLength);
    }
}

void Aead::open(std::span<const AeadPacket> packets, std::span<bool> authentic) noexcept {
    gcm_context_data scratch;
    IMB_MGR* const manager = machine_->manager.get();
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const AeadPacket& packet = packets[i];
        const Nonce nonce = nonce_of(packet.key->salt_, packet.packet_number);
        const std::uint8_t* const key = packet.key->expanded_.data();
        if (manager == nullptr) [[unlikely]] {
            authentic[i] = open_with(machine_->decrypt.get(), key, nonce, packet);
            continue;
        }
        Tag tag;
        manager->gcm128_dec(reinterpret_cast<const gcm_key_data*>(key), &scratch, packet.text, packet.text,
                            packet.text_length, nonce.data(), packet.associated, packet.associated_length, tag.data(),
                            kTagLength);
        authentic[i] = same_tag(tag, packet.text + packet.text_length);
    }
}

}  // namespace izar
