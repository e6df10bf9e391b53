#include "ctrl/agent/system_sample.h"

#include <control.pb.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

class SystemSampleTest : public testing::Test {
  protected:
    void SetUp() override {
        write("proc/cpuinfo",
              "processor\t: 0\nmodel name\t: Fine CPU\ncpu MHz\t\t: 2600.5\ncache size\t: 512 KB\n\n"
              "processor\t: 1\nmodel name\t: Fine CPU\ncpu MHz\t\t: 2600.5\ncache size\t: 512 KB\n");
        write("proc/meminfo", "MemTotal:        1000 kB\nMemFree:  1 kB\nMemAvailable:    250 kB\n");
        write("proc/net/dev",
              "Inter-|   Receive\n face |bytes\n"
              "    lo: 900 9 0 0 0 0 0 0 900 9 0 0 0 0 0 0\n"
              "  eth0: 100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0\n"
              "  eth1: 500 5 0 0 0 0 0 0 600 6 0 0 0 0 0 0\n");
        write("proc/loadavg", "0.50 0.25 0.10 1/100 1234\n");
        write("proc/uptime", "3600.75 1.00\n");
        write("proc/mounts", "proc /proc proc rw 0 0\n/dev/vda / ext4 rw 0 0\n");
        write("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
        write("proc/stat", "cpu  100 0 100 700 100 0 0 0 0 0\n");
    }
    void write(const std::string& path, const std::string& text) {
        std::filesystem::create_directories((root / path).parent_path());
        std::ofstream(root / path) << text;
    }
    TemporaryFolder folder;
    const std::filesystem::path root = folder.path();
};

TEST_F(SystemSampleTest, ReadsEveryColumn) {
    SystemSampler sampler(root);
    const control::SystemSample sample = sampler.read();
    EXPECT_EQ(sample.cpu_cores(), 2U);
    EXPECT_EQ(sample.cpu_model_name(), "Fine CPU");
    EXPECT_DOUBLE_EQ(sample.cpu_mhz(), 2600.5);
    EXPECT_EQ(sample.cpu_cache_kib(), 512U);
    EXPECT_EQ(sample.memory_total_bytes(), 1'024'000U);
    EXPECT_EQ(sample.memory_available_bytes(), 256'000U);
    EXPECT_EQ(sample.network_interface_name(), "eth1");
    EXPECT_EQ(sample.network_bytes_received(), 500U);
    EXPECT_EQ(sample.network_packets_sent(), 6U);
    EXPECT_EQ(sample.disk_device(), "/dev/vda");
    EXPECT_GT(sample.disk_total_bytes(), 0U);
    EXPECT_EQ(sample.platform(), "debian");
    EXPECT_EQ(sample.platform_version(), "12");
    EXPECT_EQ(sample.uptime_s(), 3'600U);
    EXPECT_DOUBLE_EQ(sample.load5(), 0.25);
    EXPECT_FALSE(sample.hostname().empty());
}

TEST_F(SystemSampleTest, CpuUsageIsThatSinceTheLastLook) {
    SystemSampler sampler(root);
    write("proc/stat", "cpu  150 0 125 725 100 0 0 0 0 0\n");  // 75 busy of 100
    EXPECT_DOUBLE_EQ(sampler.read().cpu_usage_percent(), 75) << "the first, too: since it was made";
    write("proc/stat", "cpu  175 0 125 800 100 0 0 0 0 0\n");  // 25 of 100
    EXPECT_DOUBLE_EQ(sampler.read().cpu_usage_percent(), 25);
}

TEST_F(SystemSampleTest, NoCpuUsageIsMadeUp) {
    SystemSampler sampler(root);
    EXPECT_DOUBLE_EQ(sampler.read().cpu_usage_percent(), 20)
        << "nothing passed: since the machine's start, 200 of 1,000";
    write("proc/stat", "cpu  110 0 100 700 100 0 0 0 0 0\n");
    EXPECT_DOUBLE_EQ(sampler.read().cpu_usage_percent(), 20) << "ten ticks are too few";
    write("proc/stat", "cpu  110 0 100 790 100 0 0 0 0 0\n");
    EXPECT_DOUBLE_EQ(sampler.read().cpu_usage_percent(), 10) << "they count with those that follow";
}

TEST_F(SystemSampleTest, MissingFilesLeaveHoles) {
    SystemSampler sampler(root / "nowhere");
    EXPECT_EQ(sampler.read().cpu_cores(), 0U);
}

}  // namespace
}  // namespace izar
