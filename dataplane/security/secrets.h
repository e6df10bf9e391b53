// secrets.h -- LinkSecrets: which secrets two nodes may prove to each other, from a file or the control plane.
//
// Thread: values; built by main or the agent's side, then owned by the scheduler thread. A set is never changed:
//         another one replaces it (LinkSecurity::replace).
//
// A secret only authenticates handshakes; it never encrypts traffic. The file has one line an entry:
//
//   # comment
//   fleet SECRET          every link's secret is derived from it: HKDF-SHA256 over both node ids
//   link ID ID SECRET     the secret of one link, in place of the fleet's
//
// SECRET is 32 bytes as base64 (44 characters) or as 64 hex digits. The same entry may stand twice: the first is what
// this node begins handshakes with, the second is accepted too. So a secret is replaced without a link that is without
// one: add the new one behind the old on every node, swap the two, take the old one away.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/base/result.h"
#include "dataplane/base/types.h"
#include "dataplane/security/secret_bytes.h"

namespace izar {

inline constexpr std::size_t kSecretsPerLink = 2;

// The secrets that a link accepts, the one to begin with first.
struct AcceptedSecrets {
    std::array<Secret, kSecretsPerLink> secret;
    std::size_t count = 0;  // 0: this link has none, so nothing can be sent on it
    // The second one is a former one: for a peer that has not shown the first, and for none that has (LinkSecurity).
    bool has_former = false;

    bool add(const Secret& another) noexcept;  // false: there are kSecretsPerLink already
    void forget_former() noexcept;             // requires has_former
    bool contains(const Secret& wanted) const noexcept;
    bool operator==(const AcceptedSecrets& other) const noexcept;
};

class LinkSecrets {
  public:
    // Reads a regular file that belongs to this user or root and that nobody else may read or write.
    static Result<LinkSecrets> load(const std::string& path);
    // `file_name` is for errors, which name the line and never quote a secret.
    static Result<LinkSecrets> parse(std::string_view text, const std::string& file_name);

    // The secret of one link, in place of what it had, and the one that it replaces at both ends, if it does.
    void set(NodeId one, NodeId other, const Secret& secret);
    void set(NodeId one, NodeId other, const Secret& secret, const Secret& former);

    // The secrets of the link between two nodes; their order does not matter.
    AcceptedSecrets of(NodeId one, NodeId other) const noexcept;

  private:
    Result<void> parse_line(std::string_view line);

    AcceptedSecrets fleet_;
    std::map<std::pair<NodeId, NodeId>, AcceptedSecrets> links_;  // lower id first
};

}  // namespace izar
