// edge_file.h -- edge.yaml of a node that has joined: its `node`, `secrets` and `nodes` as the controller gave them.
//
// Of a file that is there only these values change, in their places: comments, order and all other keys stay as they
// are. The new text is read again and compared with what was meant before it is given away, so whatever cannot be
// changed in this manner is refused, with the lines to write by hand.
//
// Thread: functions of their arguments.
#pragma once

#include <cstdint>
#include <string>

#include "dataplane/base/ip_address.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

struct EdgeIdentity {
    NodeId id = kNoNode;
    std::string name;
    std::string region;
    IpAddress address;           // where its overlay packets go
    std::string secrets_file;    // absolute; izar-agent keeps it
    std::string control_socket;  // empty: the usual one
};

// A file with these sections, and the rest as comments: what only an operator knows of a machine.
std::string new_edge_file(const EdgeIdentity& identity);

// The text with these values in their places; sections that are not there come to its end. `nodes` may list this node
// alone, under whatever id and name, or others too, if one of them has its name.
Result<std::string> filled_edge_file(const std::string& text, const std::string& file_name,
                                     const EdgeIdentity& identity);

// Makes or changes the file, as a whole; one that is there keeps its owner and mode. False: it was so already.
Result<bool> fill_edge_file(const std::string& path, const EdgeIdentity& identity);
// What fill_edge_file would refuse, before an id is known.
Result<void> check_edge_file(const std::string& path, const EdgeIdentity& identity);

}  // namespace izar
