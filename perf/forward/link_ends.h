// link_ends.h -- SealedLinks: fixed keys on all links of the node under test, and the peers' ends of them.
//
// Thread: built by main. What it gives the node is read by the node's lcore; PeerEnds belongs to the generator's
// thread.
//
// No handshake runs in the rig: keys of a known secret stand in place of a session's, so that the peers' ends can seal
// and open as a real node would. The node's code is the production one.
#pragma once

#include <rte_mbuf.h>

#include <memory>
#include <span>
#include <vector>

#include "dataplane/lcore/lcore_security.h"
#include "perf/forward/scenario.h"

namespace izar {

class SealedLinks {
  public:
    // The keys of `links` west and as many east, installed in `lcore`, which is the node's.
    static Result<std::unique_ptr<SealedLinks>> make(LcoreSecurity& lcore, unsigned links);
    SealedLinks(const SealedLinks&) = delete;

  private:
    SealedLinks() = default;
    struct Keys {
        ReceiveKey from_west;
        AeadKey to_east;
        AeadKey to_west;
    };
    LinkKeys keys_;
    std::vector<Keys> of_link_;
    HandshakeRing received_;  // of which none comes
    HandshakeRing to_send_;
};

// What the peers do with the packets of their links to the node.
class PeerEnds {
  public:
    static Result<std::unique_ptr<PeerEnds>> make(unsigned links);

    // Makes packets of a west, whose overlay header begins `header_at` bytes into the buffer and which end with their
    // text, as that west would send them: tags are appended, texts encrypted in place. A forgery is none of them.
    void seal(std::span<rte_mbuf* const> packets, std::size_t header_at, Forgery forgery) noexcept;
    // Decrypts a packet of the node in place and cuts its tag off; false if it is not authentic.
    bool open(rte_mbuf* packet, std::size_t header_at) noexcept;

  private:
    PeerEnds() = default;
    struct Keys {
        AeadKey west;
        AeadKey east;
        AeadKey west_receives;
    };
    std::unique_ptr<Aead> aead_;
    std::vector<Keys> of_link_;
};

}  // namespace izar
