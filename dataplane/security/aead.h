// aead.h -- AES-128-GCM over the packets of a burst, by libipsec-mb, or by OpenSSL where the CPU has no AES
// instructions.
//
// Thread: an Aead belongs to one thread, the lcore that seals and opens or the scheduler thread that expands keys.
//         An AeadKey is immutable once made and is read by all. seal() and open() allocate nothing.
//
// One packet is associated data (the overlay header), text (the inner packet, changed in place) and behind it a tag of
// kTagLength bytes. The 12-byte nonce is the key's 4-byte salt and the 8-byte packet number, big-endian: with one key
// a direction and link, and packet numbers that name the sending lcore and never repeat in a process life, no
// (key, nonce) pair is used twice.
//
// libipsec-mb chooses the CPU's best code when an Aead is made. Debian's has none for CPUs (or virtual machines) that
// hide their AES instructions; there OpenSSL's bit-sliced code is used, slower but as constant in time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/base/result.h"
#include "dataplane/security/key_schedule.h"
#include "dataplane/wire/overlay.h"

namespace izar {

// A traffic key as the code in use wants it: for libipsec-mb round keys and powers of the hash key, for OpenSSL the key
// itself. Wiped when destroyed.
class alignas(64) AeadKey {
  public:
    AeadKey() = default;
    AeadKey(const AeadKey&) = delete;
    ~AeadKey() { cleanse(expanded_.data(), expanded_.size()); }
    std::uint8_t epoch_byte() const noexcept { return epoch_byte_; }

  private:
    friend class Aead;
    static constexpr std::size_t kExpandedBytes = 1'024;
    std::array<std::uint8_t, kExpandedBytes> expanded_{};
    std::array<std::uint8_t, 4> salt_{};
    std::uint8_t epoch_byte_ = 0;
};

// One packet to seal or to open.
struct AeadPacket {
    const AeadKey* key;
    std::uint64_t packet_number;
    const std::uint8_t* associated;
    std::uint8_t* text;  // the tag lies behind it
    std::uint32_t associated_length;
    std::uint32_t text_length;  // without the tag
};

// `openssl` is for tests and measurements; `best` comes to it by itself where it must.
enum class AeadCode : std::uint8_t { best, openssl };

class Aead {
  public:
    static Result<std::unique_ptr<Aead>> make(AeadCode code = AeadCode::best);
    ~Aead();
    Aead(const Aead&) = delete;

    void expand(const TrafficKey& key, AeadKey& out) noexcept;
    AeadCode code() const noexcept;

    // Encrypts the text of each packet in place and writes its tag behind it.
    void seal(std::span<const AeadPacket> packets) noexcept;
    // Decrypts each packet in place; authentic[i] says whether its tag was right. The text of one that is not
    // authentic is noise and must not be read.
    void open(std::span<const AeadPacket> packets, std::span<bool> authentic) noexcept;

  private:
    struct Machine;
    explicit Aead(std::unique_ptr<Machine> machine) noexcept;
    std::unique_ptr<Machine> machine_;
};

}  // namespace izar
