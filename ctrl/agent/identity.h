// identity.h -- Identity: who this node is, as its controller said when it joined; files of the agent's state folder.
//
//   node.key, node.crt, authority.crt   PEM; the key never leaves the node, mode 0600
//   node.key.pending                    of a join whose answer is not there yet (pending_key.h)
//   node.yaml                           id, name and region: the `node` section of edge.yaml
//   link.secrets                        of this node's links: `secrets` of edge.yaml, so that a start needs no agent
//   static.data                         the newest static data, so that a node starts without a controller
//
// Thread: functions of their arguments; called by main and, for static.data, by the agent between two events.
// Errors: name the file. A file is replaced as a whole: who dies halfway leaves the old one.
#pragma once

#include <sys/types.h>

#include <string>

#include "ctrl/frames/static_data.h"
#include "ctrl/tls/certificates.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

struct Identity {
    NodeId id = kNoNode;
    std::string name;
    std::string region;
    Credentials credentials;
    std::string authority;  // PEM
};

// What a former identity left in the folder goes.
Result<void> save_identity(const std::string& folder, const Identity& identity);
Result<Identity> load_identity(const std::string& folder);

// And link.secrets, which belong to it.
Result<void> save_static_data(const std::string& folder, const Identity& self, const StaticData& data);
// Version 0 if there is none, or none that can be read, or another node's: its link secrets are not ours.
StaticData load_static_data(const std::string& folder, const Identity& self);

Result<std::string> read_whole_file(const std::string& path);
// Whose the file is to be; by default the caller's alone.
struct FileOwner {
    mode_t mode = 0600;
    uid_t user = static_cast<uid_t>(-1);  // -1: the caller
    gid_t group = static_cast<gid_t>(-1);
};
// On disk when it returns.
Result<void> replace_file(const std::string& path, const std::string& content, const FileOwner& owner = {});

}  // namespace izar
