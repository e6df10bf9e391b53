// stamp_peer.cc -- Both ends of STAMP for tests in other languages: a line in, a line out.
//
//   probe              -> HEX of the session's next probe
//   reply HEX          -> nanoseconds of round trip, or "none"; the probe was away for 50 ms
//   reflect TTL HEX    -> HEX of the reply that a reflector makes of it, which held it for 2 ms; or "none"
#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "probes/stamp_sender.h"

namespace izar {
namespace {

using Bytes = std::vector<std::uint8_t>;
using std::chrono::milliseconds;

constexpr std::uint16_t kSession = 0x4242;
constexpr StampInstant kWall{std::chrono::seconds{1'700'000'000}};
constexpr Instant kSentAt{std::chrono::seconds{1}};

Bytes from_hex(const std::string& text) {
    Bytes bytes(text.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, bytes[i], 16);
    }
    return bytes;
}

void print(const void* data, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
        fmt::print("{:02x}", static_cast<unsigned>(static_cast<const std::uint8_t*>(data)[i]));
    }
    fmt::print("\n");
}

void answer(StampSender& sender, const std::string& command) {
    std::string hex;
    if (command == "probe") {
        const StampProbe probe = sender.next(kWall, kSentAt);
        print(&probe, sizeof probe);
    } else if (command == "reply" && std::cin >> hex) {
        const auto rtt = sender.take(from_hex(hex), kSentAt + milliseconds{50});
        fmt::print("{}\n", rtt ? fmt::format("{}", rtt->count()) : "none");
    } else if (unsigned ttl = 0; command == "reflect" && std::cin >> ttl >> hex) {
        Bytes packet = from_hex(hex);
        if (reflect_stamp(packet, static_cast<std::uint8_t>(ttl), kWall, kWall + milliseconds{2})) {
            print(packet.data(), packet.size());
        } else {
            fmt::print("none\n");
        }
    }
}

}  // namespace
}  // namespace izar

int main() {
    izar::StampSender sender(izar::kSession, std::chrono::seconds{1});
    for (std::string command; std::cin >> command;) {
        izar::answer(sender, command);
    }
    return 0;
}
