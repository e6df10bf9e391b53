// sealed_pipeline_fuzz.cc -- One frame from the WAN through the pipeline of a node whose links are encrypted.
//
// Input: the frame. Whoever has no key can neither get a packet out of the node on its LAN nor make it send one byte
// on its WAN, except what every neighbour may: ARP and neighbour discovery.
#include <gtest/gtest.h>
#include <rte_eal.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "dataplane/base/check.h"
#include "tests/pipeline/test_world.h"

namespace {

using namespace izar;

constexpr std::size_t kLongestFrame = 2048;

void start_eal() {
    const char* const arguments[] = {
        "fuzz_sealed_pipeline", "--no-huge",  "--no-pci",           "-m", "256", "--no-telemetry",
        "--no-shconf",          "--lcores=0", "--log-level=*:error"};
    CHECK(rte_eal_init(static_cast<int>(std::size(arguments)), const_cast<char**>(arguments)) >= 0);
    // The fixture's own expectations end the process like a CHECK.
    GTEST_FLAG_SET(break_on_failure, true);
}

TestWorld& world() {
    static TestWorld* const one = [] {
        start_eal();
        NodeOptions options;
        options.secrets = "fleet " + std::string(64, '1') + "\n";
        auto* const made = new TestWorld(3, Family::ipv4, options);
        made->service(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80"))
            .service(ServiceSpec{2}.at("10.99.0.80").tcp(80).egress(2).origin("10.2.0.80"))
            .publish();
        return made;
    }();
    return *one;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    TestWorld& all = world();
    if (size > kLongestFrame) {
        return 0;
    }
    const Bytes frame(data, data + size);
    TestNode& node = all[2];
    all.now += std::chrono::microseconds{100};
    node.put(kWan, frame);
    node.round(all.now);
    node.round(all.now);  // what the scheduler thread would answer goes out with the next
    const bool is_ours = size > 34 && frame[12] == 0x08 && frame[13] == 0x00 && frame[23] == 17;
    CHECK(node.take(kLan).empty() || !is_ours);
    for (const Bytes& sent : node.take(kWan)) {
        const SeenPacket seen = see(sent);
        CHECK(!seen.overlay && "a packet into the overlay");
    }
    return 0;
}
