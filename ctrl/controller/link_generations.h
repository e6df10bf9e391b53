// link_generations.h -- LinkGenerations: which generations of link secrets are in use, and which nodes missed which.
//
// A document of the store, so that every controller that leads finds it as the one before left it. One line for each
// generation in use, the newest last:
//
//   generation: 0 - -
//   generation: 2 SEALED 4,9     its seed, as LinkRoots made it, and the nodes that are not known to have taken it
//   generation: 3 SEALED 4,9,12
//
// A node takes whatever is the newest when it is told, so who is away for long misses some. The link of two nodes
// accepts the newest and, until both have it, the newest that neither has missed: that one both hold. (That a node took
// a generation counts only while it is the newest: an end that was told the next one may have forgotten it.) What no
// node needs any more is gone, seed and all: when all have the newest, every other one.
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
    struct Generation {
        std::string seed;  // sealed; generation 0 has none
        std::set<NodeId> missed;
        friend bool operator==(const Generation&, const Generation&) = default;
    };

    // The error names the line.
    static Result<LinkGenerations> parse(std::string_view body);
    std::string text() const;

    LinkGeneration newest() const noexcept { return in_use_.rbegin()->first; }
    LinkGeneration following() const noexcept { return LinkGeneration{raw(newest()) + 1}; }
    const std::map<LinkGeneration, Generation>& in_use() const noexcept { return in_use_; }
    // Nodes that are not known to have the newest.
    const std::set<NodeId>& behind() const noexcept { return in_use_.rbegin()->second.missed; }
    // The newest that a node has, as far as is known.
    LinkGeneration of(NodeId node) const { return newest_of_both(node, node); }
    // What the link of two nodes accepts beside the newest; none: nothing.
    std::optional<LinkGeneration> former(NodeId one, NodeId other) const;

    // Begins the following generation, which `nodes` do not have yet.
    void begin(const std::set<NodeId>& nodes, std::string sealed);
    // These nodes have the newest, or are of the fleet no more.
    void catch_up(const std::set<NodeId>& nodes);

    friend bool operator==(const LinkGenerations&, const LinkGenerations&) = default;

  private:
    bool parse_line(std::string_view line);
    LinkGeneration newest_of_both(NodeId one, NodeId other) const;
    void forget();

    std::map<LinkGeneration, Generation> in_use_{{LinkGeneration{}, {}}};
};

}  // namespace izar
