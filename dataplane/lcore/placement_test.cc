#include "dataplane/lcore/placement.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace izar {
namespace {

Topology machine(const std::string& description) {
    auto topology = synthetic_topology(description);
    EXPECT_TRUE(topology) << topology.error().text;
    return *topology;
}

int core_of(const Topology& topology, int cpu) {
    for (const Cpu& each : topology.cpus) {
        if (each.index == cpu) {
            return each.core;
        }
    }
    return -1;
}

TEST(Placement, PlentyOfCoresNeedsNoNote) {
    const Topology topology = machine("numa:2 core:4 pu:2");
    const Placement placement = place_lcores(topology, {.lcores = 2, .port_numa_nodes = {1, 1}});
    EXPECT_TRUE(placement.notes.empty());
    EXPECT_FALSE(placement.cores_are_shared);
    ASSERT_EQ(placement.lcores.size(), 2U);
    // Cores of two hardware threads: the first of each core of node 1.
    EXPECT_EQ(placement.lcores[0], (Placement::Lcore{8, 1}));
    EXPECT_EQ(placement.lcores[1], (Placement::Lcore{10, 1}));
    EXPECT_EQ(placement.other_cpus, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15}));
    EXPECT_EQ(placement.eal_lcores(), "0@(0,1,2,3,4,5,6,7,12,13,14,15),1@8,2@10");
}

TEST(Placement, PortsOnTwoNodesTakeTurns) {
    const Placement placement =
        place_lcores(machine("numa:2 core:4 pu:1"), {.lcores = 4, .port_numa_nodes = {0, std::nullopt, 1}});
    std::vector<int> nodes;
    for (const auto& lcore : placement.lcores) {
        nodes.push_back(lcore.numa_node);
    }
    EXPECT_EQ(nodes, (std::vector<int>{0, 1, 0, 1}));
}

TEST(Placement, TheFirstCoreIsTakenLast) {
    const Placement placement = place_lcores(machine("core:4 pu:1"), {.lcores = 3, .port_numa_nodes = {}});
    EXPECT_EQ(placement.eal_lcores(), "0@(0),1@1,2@2,3@3");
    EXPECT_TRUE(placement.notes.empty());
}

TEST(Placement, AFullNodeOverflowsAndSaysSo) {
    const Placement placement = place_lcores(machine("numa:2 core:2 pu:1"), {.lcores = 3, .port_numa_nodes = {1}});
    ASSERT_EQ(placement.notes.size(), 1U);
    EXPECT_EQ(placement.notes[0], "lcore 2 runs on NUMA node 0, away from its port's node 1: no core is free there.");
}

TEST(Placement, OthersTakeSiblingsWhenNoCoreIsLeft) {
    const Placement placement = place_lcores(machine("core:2 pu:2"), {.lcores = 2, .port_numa_nodes = {}});
    EXPECT_EQ(placement.eal_lcores(), "0@(1,3),1@2,2@0");
    EXPECT_TRUE(placement.cores_are_shared);
    ASSERT_EQ(placement.notes.size(), 1U);
    EXPECT_NE(placement.notes[0].find("SMT siblings"), std::string::npos);
}

TEST(Placement, TwoCoresAndTwoLcoresStillRun) {
    const Placement placement = place_lcores(machine("core:2 pu:1"), {.lcores = 2, .port_numa_nodes = {}});
    EXPECT_EQ(placement.eal_lcores(), "0@(0,1),1@1,2@0");
    EXPECT_TRUE(placement.cores_are_shared);
    ASSERT_EQ(placement.notes.size(), 1U);
    EXPECT_EQ(placement.notes[0], "scheduler and main thread share CPUs with lcores: no CPU is left.");
}

TEST(Placement, MoreLcoresThanCpusStillRun) {
    const Placement placement = place_lcores(machine("core:1 pu:1"), {.lcores = 3, .port_numa_nodes = {}});
    EXPECT_EQ(placement.eal_lcores(), "0@(0),1@0,2@0,3@0");
    EXPECT_TRUE(placement.cores_are_shared);
    EXPECT_EQ(placement.notes.size(), 2U);
}

RC_GTEST_PROP(Placement, RulesHoldWhereverTheyCan, ()) {
    const int nodes = *rc::gen::inRange(1, 4);
    const int cores = *rc::gen::inRange(1, 6);
    const int threads = *rc::gen::inRange(1, 3);
    Topology topology;
    for (int i = 0; i < nodes * cores * threads; ++i) {
        topology.cpus.push_back({.index = i, .core = i / threads, .numa_node = i / threads / cores});
    }
    // Any part of the machine may be forbidden, but not all of it.
    std::erase_if(topology.cpus, [&](const Cpu& cpu) { return cpu.index > 0 && *rc::gen::inRange(0, 4) == 0; });
    const int lcores = *rc::gen::inRange(1, 17);
    const Placement placement = place_lcores(topology, {.lcores = lcores, .port_numa_nodes = {0}});

    std::set<int> allowed;
    std::set<int> all_cores;
    for (const Cpu& cpu : topology.cpus) {
        allowed.insert(cpu.index);
        all_cores.insert(cpu.core);
    }
    std::set<int> used_cpus;
    std::set<int> used_cores;
    RC_ASSERT(placement.lcores.size() == static_cast<std::size_t>(lcores));
    for (const auto& lcore : placement.lcores) {
        RC_ASSERT(allowed.contains(lcore.cpu));
        used_cpus.insert(lcore.cpu);
        used_cores.insert(core_of(topology, lcore.cpu));
    }
    // As many different cores as there can be, and as many different CPUs.
    RC_ASSERT(used_cores.size() == std::min(all_cores.size(), placement.lcores.size()));
    RC_ASSERT(used_cpus.size() == std::min(allowed.size(), placement.lcores.size()));
    RC_ASSERT(!placement.other_cpus.empty());
    const bool others_apart = std::none_of(placement.other_cpus.begin(), placement.other_cpus.end(),
                                           [&](int cpu) { return used_cores.contains(core_of(topology, cpu)); });
    RC_ASSERT(others_apart == (used_cores.size() < all_cores.size()));
    RC_ASSERT(placement.cores_are_shared == !others_apart);
}

TEST(Topology, KeepsToTheAffinityMask) {
    std::thread([] {
        cpu_set_t all;
        ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
        const auto whole = read_topology();
        ASSERT_TRUE(whole) << whole.error().text;
        EXPECT_EQ(whole->cpus.size(), static_cast<std::size_t>(CPU_COUNT(&all)));
        const int only = whole->cpus.back().index;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(only, &one);
        ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
        const auto narrowed = read_topology();
        ASSERT_TRUE(narrowed);
        ASSERT_EQ(narrowed->cpus.size(), 1U);
        EXPECT_EQ(narrowed->cpus[0].index, only);
    }).join();
}

TEST(Topology, BadDescriptionsAreErrors) {
    EXPECT_FALSE(synthetic_topology("numa:two"));
}

TEST(Topology, FindsTheNumaNodeOfADevice) {
    namespace fs = std::filesystem;
    const fs::path root = fs::path(testing::TempDir()) / "izar_placement_sysfs";
    fs::create_directories(root / "bus/pci/devices/0000:3b:00.0");
    fs::create_directories(root / "class/net/eth1/device");
    std::ofstream(root / "bus/pci/devices/0000:3b:00.0/numa_node") << "1\n";
    std::ofstream(root / "class/net/eth1/device/numa_node") << "-1\n";
    EXPECT_EQ(device_numa_node("0000:3b:00.0,queues=2", root), 1);
    EXPECT_EQ(device_numa_node("net_af_packet,iface=eth1", root), std::nullopt);
    std::ofstream(root / "class/net/eth1/device/numa_node") << "3\n";
    EXPECT_EQ(device_numa_node("net_af_xdp,iface=eth1,start_queue=0", root), 3);
    EXPECT_EQ(device_numa_node("net_null0", root), std::nullopt);
    EXPECT_EQ(device_numa_node("0000:3c:00.0", root), std::nullopt);
    fs::remove_all(root);
}

}  // namespace
}  // namespace izar
