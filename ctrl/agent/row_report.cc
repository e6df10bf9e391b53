#include "ctrl/agent/row_report.h"

#include <control.pb.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "ctrl/frames/messages.h"
#include "ctrl/mesh/mesh_links.h"

namespace izar {
namespace {

// The regions beyond the last number share it.
RowPlaces places_of(const StaticData& data) {
    std::set<std::string_view> names;
    for (const auto& [id, node] : data.nodes) {
        names.insert(node.region);
    }
    RowPlaces out;
    for (const auto& [id, node] : data.nodes) {
        const auto number = std::distance(names.begin(), names.find(node.region));
        out.nodes.push_back(id);
        out.region_of.push_back(static_cast<std::uint8_t>(std::min<std::ptrdiff_t>(number, kMaxGroups - 1)));
    }
    return out;
}

}  // namespace

void RowReport::begin() {
    sender_.on_resync();
    is_read_ = items_next_ = false;
}

void RowReport::set_static(const StaticData& data) {
    if (auto places = places_of(data); places != places_) {
        places_ = std::move(places);
        sender_.on_resync();
    }
}

void RowReport::write(const std::map<NodeId, FeedLink>& row, control::LinkRow& into) {
    for (const auto& [to, link] : row) {
        *into.add_items() = link_message(link);
    }
    if (std::exchange(items_next_, false) || !is_read_ || row.empty()) {
        return;
    }
    std::vector<FeedLink> links;
    links.reserve(row.size());
    for (const auto& [to, link] : row) {
        if (std::ranges::binary_search(places_.nodes, to)) {
            links.push_back(link);
        }
    }
    const auto summary = sender_.send(summarize_row(links, places_, sender_.base()));
    control::LinkRow shorter;
    shorter.set_summary(summary.data(), summary.size());
    shorter.set_nodes_digest(nodes_digest(places_.nodes));
    if (shorter.ByteSizeLong() < into.ByteSizeLong()) {
        into.Swap(&shorter);
    }
}

bool RowReport::take(const control::RowTaken& taken) {
    is_read_ = true;
    if (taken.whole_wanted()) {
        sender_.on_resync();
        items_next_ = true;
        return true;
    }
    sender_.on_acknowledged(taken.generation());
    return false;
}

}  // namespace izar
