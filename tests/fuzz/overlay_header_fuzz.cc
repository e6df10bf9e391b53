// overlay_header_fuzz.cc -- Any UDP payload: a header that passes the check is safe to read in place.
#include <cstdint>
#include <span>

#include "dataplane/base/check.h"
#include "dataplane/wire/overlay.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace izar;
    if (check_overlay_header({data, size}) != OverlayFault::none) {
        return 0;
    }
    CHECK(size >= sizeof(OverlayHeader));
    const auto& header = *reinterpret_cast<const OverlayHeader*>(data);
    CHECK((header.geneve.version_option_length & 0x3F) * 4u + sizeof(GeneveHeader) == sizeof(OverlayHeader));
    CHECK(vni_of(service_of(header.geneve)) == raw(service_of(header.geneve)));

    // The receiver's clock is the link's to choose as well: the packet number serves as one.
    const Instant now{Nanos{static_cast<std::int64_t>(header.packet_number.value() >> 1)}};
    const Nanos sample = rtt_sample(header, now);
    CHECK(sample < Nanos{0} || header.t_hold.value() <= kLongestHoldForRtt);
    CHECK(sample <= Nanos{INT32_MAX});
    return 0;
}
