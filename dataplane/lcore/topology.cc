// The machine as placement.h describes it: hwloc for CPUs, sysfs for the place of a port's hardware.
#include <fmt/format.h>
#include <hwloc.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <memory>

#include "dataplane/lcore/placement.h"

namespace izar {
namespace {

struct TopologyDeleter {
    void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using TopologyHandle = std::unique_ptr<hwloc_topology, TopologyDeleter>;

struct BitmapDeleter {
    void operator()(hwloc_bitmap_s* bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<hwloc_bitmap_s, BitmapDeleter>;

Result<TopologyHandle> new_topology() {
    hwloc_topology_t raw_topology = nullptr;
    if (hwloc_topology_init(&raw_topology) != 0) {
        return fail("hwloc cannot be initialised; is there memory left?");
    }
    return TopologyHandle(raw_topology);
}

// The hardware threads of a loaded topology, without those outside `allowed` (null: all).
Result<Topology> cpus_of(hwloc_topology_t topology, hwloc_const_bitmap_t allowed) {
    Topology out;
    const int count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
    for (int i = 0; i < count; ++i) {
        hwloc_obj_t pu = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, static_cast<unsigned>(i));
        if (allowed != nullptr && hwloc_bitmap_isset(allowed, pu->os_index) == 0) {
            continue;
        }
        // Virtual machines may show no cores: then every hardware thread is one.
        hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu);
        const int node = hwloc_bitmap_first(pu->nodeset);
        out.cpus.push_back({.index = static_cast<int>(pu->os_index),
                            .core = static_cast<int>(core != nullptr ? core->logical_index : pu->logical_index),
                            .numa_node = node < 0 ? 0 : node});
    }
    if (out.cpus.empty()) {
        return fail("no CPU may be used by this process; widen its cpuset or affinity mask");
    }
    return out;
}

// The number in a one-number sysfs file; -1 ("no NUMA") and unreadable files are none.
std::optional<int> read_node(const std::filesystem::path& file) {
    std::ifstream stream(file);
    int node = -1;
    if (!(stream >> node) || node < 0) {
        return std::nullopt;
    }
    return node;
}

bool is_pci_address(const std::string& text) {
    const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    return text.size() >= 12 && is_hex(text[0]) && text[4] == ':' && text[7] == ':' && text[10] == '.';
}

}  // namespace

Result<Topology> read_topology() {
    auto topology = new_topology();
    if (!topology) {
        return tl::unexpected(topology.error());
    }
    if (hwloc_topology_load(topology->get()) != 0) {
        return fail("hwloc cannot read this machine's topology from /sys; is /sys mounted?");
    }
    const Bitmap allowed(hwloc_bitmap_alloc());
    if (!allowed || hwloc_get_cpubind(topology->get(), allowed.get(), HWLOC_CPUBIND_THREAD) != 0) {
        return fail("the affinity mask of this process cannot be read");
    }
    return cpus_of(topology->get(), allowed.get());
}

Result<Topology> synthetic_topology(const std::string& description) {
    auto topology = new_topology();
    if (!topology) {
        return tl::unexpected(topology.error());
    }
    if (hwloc_topology_set_synthetic(topology->get(), description.c_str()) != 0 ||
        hwloc_topology_load(topology->get()) != 0) {
        return fail(fmt::format("'{}' is not a topology; write it like numa:2 core:4 pu:2", description));
    }
    return cpus_of(topology->get(), nullptr);
}

std::optional<int> device_numa_node(const std::string& device, const std::string& sysfs) {
    const std::filesystem::path root(sysfs);
    const std::string name = device.substr(0, device.find(','));
    if (is_pci_address(name)) {
        return read_node(root / "bus/pci/devices" / name / "numa_node");
    }
    const auto at = device.find("iface=");
    if (at == std::string::npos) {
        return std::nullopt;
    }
    const std::string interface = device.substr(at + 6, device.find(',', at) - at - 6);
    return read_node(root / "class/net" / interface / "device/numa_node");
}

}  // namespace izar
