// node_security.h -- NodeSecurity: what encrypted links need in one process, wired to its lcores.
//
// Thread: built by main before the lcores start, destroyed after they ended. links() and do_work() belong to the
//         scheduler thread, keys() may be read by any thread, offer() is called by one other thread, main.
#pragma once

#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <memory>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/lcore/lcore_state.h"
#include "dataplane/security/link_security.h"

namespace izar {

class NodeSecurity {
  public:
    struct Parts {
        HandshakeSelf self;
        std::vector<LcoreState*> lcores;  // each gets its ends of rings and keys
        const SharedLinks& links;
        Publisher& publisher;
        RandomFill random;
    };
    // Has neither fleet nor secrets yet: no link has a key. The error says what the machine lacks.
    static Result<std::unique_ptr<NodeSecurity>> make(Parts parts);
    NodeSecurity(const NodeSecurity&) = delete;

    // Secrets that replace those in force with the scheduler thread's next round. False: those offered before have not
    // been taken yet; offer again.
    bool offer(LinkSecrets secrets);

    // One round: takes what was offered, then LinkSecurity's. True if there was anything to do.
    bool do_work(const OnSched& thread, Instant now);

    LinkSecurity& links() noexcept { return *links_; }
    const LinkKeys& keys() const noexcept { return keys_; }

  private:
    NodeSecurity() = default;

    LinkKeys keys_;
    std::vector<std::unique_ptr<HandshakeRing>> rings_;  // two for each lcore
    std::unique_ptr<Aead> aead_;                         // the scheduler thread's
    std::unique_ptr<LinkSecurity> links_;
    boost::lockfree::spsc_queue<std::shared_ptr<LinkSecrets>, boost::lockfree::capacity<1>> offered_;
};

}  // namespace izar
