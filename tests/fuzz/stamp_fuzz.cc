// stamp_fuzz.cc -- Any datagram: a reply is as long as its probe and repeats it; a sender takes only what it asked for.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "dataplane/base/check.h"
#include "probes/stamp_sender.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace izar;
    const StampInstant wall{std::chrono::seconds{1'700'000'000}};
    const Instant now{std::chrono::seconds{1}};
    const std::vector<std::uint8_t> probe(data, data + size);
    std::vector<std::uint8_t> packet = probe;
    const bool reflected = reflect_stamp(packet, 255, wall, wall);
    CHECK(packet.size() == size && reflected == (size >= kLeastStampBytes));
    if (reflected) {
        CHECK(std::equal(probe.begin(), probe.begin() + 14, packet.begin() + offsetof(StampReply, probe_sequence)));
        const std::size_t base = std::min(size, sizeof(StampReply));
        const auto end = static_cast<std::ptrdiff_t>(base);
        CHECK(std::equal(probe.begin() + end, probe.end(), packet.begin() + end));
    } else {
        CHECK(packet == probe);
    }
    StampSender sender(0x1234, std::chrono::seconds{1});
    const StampProbe asked = sender.next(wall, now);
    const auto rtt = sender.take(probe, now + std::chrono::seconds{1});
    if (rtt) {
        StampReply reply{};
        std::memcpy(&reply, data, std::min(size, sizeof reply));
        CHECK(reply.probe_sequence.value() == asked.sequence.value());
        CHECK(*rtt >= Nanos{0} && *rtt <= std::chrono::seconds{1});
    }
    return 0;
}
