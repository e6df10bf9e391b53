// pipeline_fuzz.cc -- One frame through the whole pipeline of a node that has services, peers and sessions.
//
// Input: one byte that chooses the port (even: overlay), then the frame. The node lives from input to input, so that
// frames also meet the state that earlier ones left. Every frame must be accounted and no packet buffer lost.
#include <gtest/gtest.h>
#include <rte_eal.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "dataplane/base/check.h"
#include "tests/pipeline/test_world.h"

namespace {

using namespace izar;

constexpr std::size_t kLongestFrame = 2048;

void start_eal() {
    const char* const arguments[] = {"fuzz_pipeline", "--no-huge",  "--no-pci",           "-m", "256", "--no-telemetry",
                                     "--no-shconf",   "--lcores=0", "--log-level=*:error"};
    CHECK(rte_eal_init(static_cast<int>(std::size(arguments)), const_cast<char**>(arguments)) >= 0);
    // The fixture's own expectations end the process like a CHECK.
    GTEST_FLAG_SET(break_on_failure, true);
}

TestWorld& world() {
    static TestWorld* const one = [] {
        start_eal();
        auto* const made = new TestWorld(3);
        made->service(ServiceSpec{1}.at("10.99.0.80").udp(80).egress(2).origin("10.2.0.80"))
            .service(ServiceSpec{2}.at("10.99.0.80").tcp(80).egress(2).origin("10.2.0.80"))
            .service(ServiceSpec{3}.at("10.99.0.80").udp(81).egress(1).egress(3).origin("10.1.0.80"))
            .service(ServiceSpec{4}.at("10.99.0.80").echo().egress(2).origin("10.2.0.80"))
            .publish();
        return made;
    }();
    return *one;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > kLongestFrame) {
        return 0;
    }
    TestWorld& all = world();
    TestNode& node = all[2];
    all.now += std::chrono::microseconds{100};
    node.put((data[0] & 1) == 0 ? kWan : kLan, Bytes(data + 1, data + size));
    node.round(all.now);
    node.take(kLan);
    node.take(kWan);
    return 0;
}
