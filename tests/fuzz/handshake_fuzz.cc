// handshake_fuzz.cc -- A changed handshake message is never answered and never makes a session.
//
// Input: one byte that chooses the message (even: the first, odd: the second), then bytes that are added to it by
// exclusive or; what is longer than the message stands behind it. An input that changes nothing must be accepted.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/base/random.h"
#include "dataplane/security/handshake.h"

namespace {

using namespace izar;

constexpr NodeId kFirst{1};
constexpr NodeId kSecond{2};
constexpr std::size_t kMarkFrom = 5, kMarkTo = 8;  // lcores have looked at it

AcceptedSecrets one_secret() {
    AcceptedSecrets secrets;
    Secret secret;
    secret.writable()[0] = 1;
    CHECK(secrets.add(secret));
    return secrets;
}

Handshake end(NodeId self, NodeId peer) {
    Handshake out{HandshakeSelf{self, {static_cast<std::uint8_t>(raw(self))}, 1}, peer};
    out.set_secrets(one_secret());
    return out;
}

ByteView bytes_of(const HandshakeMessage& message) {
    return {reinterpret_cast<const std::uint8_t*>(&message), sizeof message};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 4096) {
        return 0;
    }
    const RandomFill fill = [random = Random{1}](std::span<std::uint8_t> out) mutable {
        for (std::uint8_t& byte : out) {
            byte = static_cast<std::uint8_t>(random.next());
        }
    };
    const Instant now{std::chrono::seconds{1}};
    Handshake first = end(kFirst, kSecond);
    first.want(now);
    const auto question = first.tick(0, now, fill);
    CHECK(question.has_value());
    const auto answer = end(kSecond, kFirst).receive(bytes_of(*question), 0, now, fill).answer;
    CHECK(answer.has_value());

    const bool second = (data[0] & 1) != 0;
    const ByteView good = bytes_of(second ? *answer : *question);
    std::vector<std::uint8_t> message(good.begin(), good.end());
    message.resize(std::max(message.size(), size - 1));
    bool changed = false;
    for (std::size_t i = 0; i + 1 < size; ++i) {
        message[i] = static_cast<std::uint8_t>(message[i] ^ data[i + 1]);
        const bool matters = i < sizeof(HandshakeMessage) && (i < kMarkFrom || i >= kMarkTo);
        changed |= matters && data[i + 1] != 0;
    }
    const HandshakeOutcome outcome =
        second ? first.receive(message, 0, now, fill) : end(kSecond, kFirst).receive(message, 0, now, fill);
    CHECK(outcome.session.has_value() == !changed);
    CHECK(outcome.answer.has_value() == (!changed && !second));
    return 0;
}
