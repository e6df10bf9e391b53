#include "ctrl/mesh/mesh_hub.h"

#include <algorithm>
#include <utility>

#include "ctrl/mesh/mesh_links.h"

namespace izar {

bool MeshHub::knows(NodeId node) const {
    return place_of_id_[raw(node)] != kNoPlace;
}

void MeshHub::set_nodes(const std::set<NodeId>& nodes) {
    nodes_.assign(nodes.begin(), nodes.end());
    std::ranges::fill(place_of_id_, kNoPlace);
    for (std::size_t place = 0; place < nodes_.size(); ++place) {
        place_of_id_[raw(nodes_[place])] = static_cast<std::uint16_t>(place);
    }
    rows_.keep_only(nodes);
    ++fleet_;
    kept_.clear();
    messages_.clear();
}

void MeshHub::take_row(NodeId from, std::vector<FeedLink> links) {
    if (knows(from)) {
        std::erase_if(links, [&](const FeedLink& link) { return !knows(link.to); });
        rows_.set_row(from, links);
    }
}

void MeshHub::take_link(const FeedLink& link) {
    if (knows(link.from) && knows(link.to)) {
        rows_.set(link);
    }
}

void MeshHub::forget_row(NodeId from) {
    rows_.erase_row(from);
}

std::optional<SummaryTask> MeshHub::begin_summary() {
    if (nodes_.empty()) {
        return std::nullopt;
    }
    SummaryTask task{
        fleet_, ++generation_, rule_, no_links(nodes_.size(), rule_.eps), {}, {kept_.begin(), kept_.end()}};
    rows_.for_each([&](const FeedLink& link) {
        put_link(task.links, place_of_id_[raw(link.from)], place_of_id_[raw(link.to)], link);
    });
    if (!loads_.empty()) {
        task.loads = load_features(loads_, nodes_);
    }
    return task;
}

bool MeshHub::take_summary(MadeSummary made) {
    if (made.fleet != fleet_) {
        return false;
    }
    kept_.push_back(std::move(made.summary));
    if (kept_.size() > kKept) {
        kept_.pop_front();
    }
    messages_ = std::move(made.messages);
    return true;
}

void MeshHub::summarize() {
    if (auto task = begin_summary()) {
        take_summary((*std::move(task)).make());
    }
}

const std::vector<std::uint8_t>* MeshHub::message_for(std::uint32_t held) const {
    if (kept_.empty()) {
        return nullptr;
    }
    const auto change = messages_.find(held);
    return change != messages_.end() ? &change->second : &messages_.at(0);
}

}  // namespace izar
