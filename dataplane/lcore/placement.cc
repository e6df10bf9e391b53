#include "dataplane/lcore/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "dataplane/base/check.h"

namespace izar {
namespace {

// The core that has room for another lcore: free of lcores, on the wanted NUMA node if possible, and not
// the machine's first, which the kernel likes for its own work.
class CoreChooser {
  public:
    explicit CoreChooser(const Topology& topology) : topology_(topology) {}

    // A CPU of a core without lcore, or nullptr when every core has one. Cores on `numa_node` come first.
    const Cpu* next_whole_core(std::optional<int> numa_node) {
        const Cpu* best = nullptr;
        for (const Cpu& cpu : topology_.cpus) {
            if (taken_cores_.contains(cpu.core)) {
                continue;
            }
            if (best == nullptr || rank(cpu, numa_node) < rank(*best, numa_node)) {
                best = &cpu;
            }
        }
        return take(best);
    }
    // A CPU without lcore, on a core that has one already; nullptr when every CPU has one.
    const Cpu* next_sibling() {
        for (const Cpu& cpu : topology_.cpus) {
            if (!taken_cpus_.contains(cpu.index)) {
                return take(&cpu);
            }
        }
        return nullptr;
    }
    bool core_taken(const Cpu& cpu) const { return taken_cores_.contains(cpu.core); }
    bool cpu_taken(const Cpu& cpu) const { return taken_cpus_.contains(cpu.index); }

  private:
    // Smaller is better: right NUMA node, then not the first core, then the order of the machine.
    std::pair<bool, bool> rank(const Cpu& cpu, std::optional<int> numa_node) const {
        return {numa_node && cpu.numa_node != *numa_node, cpu.core == topology_.cpus.front().core};
    }
    const Cpu* take(const Cpu* cpu) {
        if (cpu != nullptr) {
            taken_cpus_.insert(cpu->index);
            taken_cores_.insert(cpu->core);
        }
        return cpu;
    }

    const Topology& topology_;
    std::set<int> taken_cpus_;
    std::set<int> taken_cores_;
};

// Ports take turns: lcore i is placed for port i modulo the number of ports whose node is known.
std::optional<int> wanted_numa_node(const PlacementRequest& request, std::size_t lcore) {
    std::vector<int> known;
    for (const auto& node : request.port_numa_nodes) {
        if (node) {
            known.push_back(*node);
        }
    }
    return known.empty() ? std::nullopt : std::optional(known[lcore % known.size()]);
}

void place_each(const Topology& topology, const PlacementRequest& request, CoreChooser& chooser, Placement& out) {
    std::size_t on_siblings = 0;
    std::size_t on_shared_cpus = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(request.lcores); ++i) {
        const auto wanted = wanted_numa_node(request, i);
        const Cpu* cpu = chooser.next_whole_core(wanted);
        if (cpu == nullptr) {
            cpu = chooser.next_sibling();
            on_siblings += cpu != nullptr ? 1 : 0;
        }
        if (cpu == nullptr) {
            cpu = &topology.cpus[i % topology.cpus.size()];
            ++on_shared_cpus;
        }
        if (wanted && cpu->numa_node != *wanted) {
            out.notes.push_back(
                fmt::format("lcore {} runs on NUMA node {}, away from its port's node {}: no core is "
                            "free there.",
                            i, cpu->numa_node, *wanted));
        }
        out.lcores.push_back({cpu->index, cpu->numa_node});
    }
    if (on_siblings > 0) {
        out.notes.push_back(
            fmt::format("{} of {} lcores share a physical core with another lcore: fewer cores than "
                        "lcores.",
                        on_siblings, request.lcores));
    }
    if (on_shared_cpus > 0) {
        out.cores_are_shared = true;
        out.notes.push_back(fmt::format("{} of {} lcores share a CPU with another lcore: fewer CPUs than lcores.",
                                        on_shared_cpus, request.lcores));
    }
}

// Main and scheduler threads: whole cores without lcore, else free siblings, else everywhere.
void place_others(const Topology& topology, const CoreChooser& chooser, Placement& out) {
    for (const Cpu& cpu : topology.cpus) {
        if (!chooser.core_taken(cpu)) {
            out.other_cpus.push_back(cpu.index);
        }
    }
    if (!out.other_cpus.empty()) {
        return;
    }
    for (const Cpu& cpu : topology.cpus) {
        if (!chooser.cpu_taken(cpu)) {
            out.other_cpus.push_back(cpu.index);
        }
    }
    out.cores_are_shared = true;
    if (!out.other_cpus.empty()) {
        out.notes.push_back("scheduler and main thread run on SMT siblings of lcores: no physical core is left.");
        return;
    }
    for (const Cpu& cpu : topology.cpus) {
        out.other_cpus.push_back(cpu.index);
    }
    out.notes.push_back("scheduler and main thread share CPUs with lcores: no CPU is left.");
}

}  // namespace

Placement place_lcores(const Topology& topology, const PlacementRequest& request) {
    CHECK(!topology.cpus.empty() && request.lcores >= 1);
    Placement out;
    CoreChooser chooser(topology);
    place_each(topology, request, chooser, out);
    place_others(topology, chooser, out);
    return out;
}

std::string Placement::eal_lcores() const {
    std::string out = "0@(";
    for (std::size_t i = 0; i < other_cpus.size(); ++i) {
        out += fmt::format("{}{}", i == 0 ? "" : ",", other_cpus[i]);
    }
    out += ")";
    for (std::size_t i = 0; i < lcores.size(); ++i) {
        out += fmt::format(",{}@{}", i + 1, lcores[i].cpu);
    }
    return out;
}

}  // namespace izar
