#include "ctrl/mesh/mesh_links.h"

namespace izar {

std::uint64_t nodes_digest(const std::vector<NodeId>& nodes) {
    std::uint64_t out = 0xCBF29CE484222325;
    for (const NodeId node : nodes) {
        for (const int shift : {8, 0}) {
            out = (out ^ ((raw(node) >> shift) & 0xFFU)) * 0x100000001B3;
        }
    }
    return out;
}

std::vector<FeedLink> links_of(const MeshSummary& summary, const std::vector<NodeId>& nodes) {
    std::vector<FeedLink> out;
    if (summary.nodes != nodes.size()) {
        return out;
    }
    const RttMatrix believed = summary.believed_links();
    for (std::size_t from = 0; from < nodes.size(); ++from) {
        for (std::size_t to = 0; to < nodes.size(); ++to) {
            if (from == to || believed.at(from, to) == kUnknownRtt) {
                continue;
            }
            FeedLink link;
            link.from = nodes[from];
            link.to = nodes[to];
            link.rtt =
                std::chrono::duration_cast<Nanos>(std::chrono::duration<float, std::milli>(believed.at(from, to)));
            link.count = 1;
            out.push_back(link);
        }
    }
    return out;
}

}  // namespace izar
