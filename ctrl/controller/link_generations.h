// link_generations.h -- LinkGenerations: which generation of link secrets is the newest, and which nodes lack it.
//
// A document of the store, so that every controller that leads finds it as the one before left it:
//
//   newest: 3
//   seed: 2 SEALED         as LinkRoots made it; one line for each generation that somebody has, and not for 0
//   seed: 3 SEALED
//   behind: 2 4,9          nodes that have generation 2, as far as is known
//
// A node that is not listed has the newest. The link of two nodes accepts the newest and, while one of them is behind,
// the newest that both have. When nobody is behind, former seeds are gone, and what was derived from them with them.
//
// Thread: values.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "ctrl/controller/link_roots.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

inline constexpr std::string_view kLinkSecretsDocument = "link-secrets";

class LinkGenerations {
  public:
    // The error names the line.
    static Result<LinkGenerations> parse(std::string_view body);
    std::string text() const;

    LinkGeneration newest() const noexcept { return newest_; }
    LinkGeneration following() const noexcept { return LinkGeneration{raw(newest_) + 1}; }
    const std::map<LinkGeneration, std::string>& seeds() const noexcept { return seeds_; }
    const std::map<NodeId, LinkGeneration>& behind() const noexcept { return behind_; }
    // What a node has at least.
    LinkGeneration of(NodeId node) const;
    // What the link of two nodes accepts beside the newest; none: nothing.
    std::optional<LinkGeneration> former(NodeId one, NodeId other) const;

    // Begins the following generation, which `nodes` do not have yet.
    void begin(const std::set<NodeId>& nodes, std::string sealed);
    // These nodes have the newest, or are of the fleet no more.
    void catch_up(const std::set<NodeId>& nodes);

    friend bool operator==(const LinkGenerations&, const LinkGenerations&) = default;

  private:
    bool parse_line(std::string_view key, std::string_view value);
    bool parse_behind(LinkGeneration generation, std::string_view nodes);
    void forget_seeds();

    LinkGeneration newest_{};
    std::map<LinkGeneration, std::string> seeds_;
    std::map<NodeId, LinkGeneration> behind_;
};

}  // namespace izar
