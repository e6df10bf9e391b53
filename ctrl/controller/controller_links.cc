// controller_links.cc -- Generations of link secrets: begun by operators, former ones given up as nodes take the next.
#include <fmt/format.h>

#include <algorithm>

#include "ctrl/controller/controller.h"

namespace izar {

StoreResult<Document> Controller::replace_link_secrets(const GenerationRandom& random) {
    std::set<NodeId> have_some;
    for (const NodeId node : desired_.node_ids()) {
        if (desired_.records().at(node).was_seen() || agents_.contains(node)) {
            have_some.insert(node);
        }
    }
    LinkGenerations next = desired_.links();
    next.begin(have_some, desired_.roots().make_seed(next.following(), random));
    return parts_.store.set_document(kLinkSecretsDocument, next.text(), parts_.wall_clock());
}

// Nodes that take static data together are written down together.
void Controller::await_links() {
    if (!desired_.links().behind().empty()) {
        links_timer_.start(kLinksPause, [this] { follow_links(LinkProgress::all_that_are_here); });
    }
}

// Each writing is a version that all nodes get, so at first it waits for all agents that are here, and then, each
// round, for nobody. What fails is tried again each round.
void Controller::follow_links(LinkProgress worth) {
    std::set<NodeId> done;
    bool awaited = false;
    for (const NodeId node : desired_.links().behind()) {
        const auto agent = agents_.find(node);
        const bool here = agent != agents_.end();
        if (!desired_.is_member(node) || (here && agent->second->static_taken >= desired_.links_version())) {
            done.insert(node);
        } else {
            awaited = awaited || here;
        }
    }
    if (done.empty() || (awaited && worth == LinkProgress::all_that_are_here)) {
        return;
    }
    LinkGenerations next = desired_.links();
    next.catch_up(done);
    const auto written = parts_.store.set_document(kLinkSecretsDocument, next.text(), parts_.wall_clock());
    if (!written) {
        tell_event(EventKind::store, "former link secrets are accepted on: " + written.error().text);
        return;
    }
    std::string lacking;
    for (const NodeId node : next.behind()) {
        lacking += fmt::format("{}{}", lacking.empty() ? "" : ", ", raw(node));
    }
    tell_event(EventKind::change,
               lacking.empty()
                   ? fmt::format("every node has generation {} of link secrets; no other is accepted any more",
                                 raw(next.newest()))
                   : fmt::format("generation {} of link secrets is not with the nodes {} yet; links to them accept the "
                                 "one that they have",
                                 raw(next.newest()), lacking));
    if (const auto read = refresh(); !read) {
        tell_event(EventKind::store, read.error().text);
    }
}

}  // namespace izar
