// main of every test that needs DPDK: brings its EAL up on ordinary memory, without devices, files or root.
#include <gtest/gtest.h>
#include <rte_eal.h>

#include <cstdio>
#include <iterator>

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    const char* const arguments[] = {argv[0],       "--no-huge",  "--no-pci",           "-m", "256", "--no-telemetry",
                                     "--no-shconf", "--lcores=0", "--log-level=*:error"};
    constexpr int kCount = static_cast<int>(std::size(arguments));
    if (rte_eal_init(kCount, const_cast<char**>(arguments)) < 0) {
        std::fprintf(stderr, "EAL does not start\n");
        return 1;
    }
    return RUN_ALL_TESTS();
}
