#include "dataplane/lcore/node_security.h"

#include <utility>

namespace izar {

Result<std::unique_ptr<NodeSecurity>> NodeSecurity::make(Parts parts) {
    std::unique_ptr<NodeSecurity> out(new NodeSecurity);
    std::vector<HandshakeRing*> received;
    std::vector<HandshakeRing*> to_send;
    for (LcoreState* const lcore : parts.lcores) {
        auto aead = Aead::make();
        if (!aead) {
            return tl::unexpected(aead.error());
        }
        for (std::vector<HandshakeRing*>* const ends : {&received, &to_send}) {
            out->rings_.push_back(std::make_unique<HandshakeRing>());
            ends->push_back(out->rings_.back().get());
        }
        lcore->security = {&out->keys_, std::move(*aead), received.back(), to_send.back()};
    }
    auto aead = Aead::make();
    if (!aead) {
        return tl::unexpected(aead.error());
    }
    out->aead_ = std::move(*aead);
    const auto sent = [&links = parts.links](NodeSlot slot) { return links.total(slot, &LinkCounters::sent); };
    const auto heard = [&links = parts.links](NodeSlot slot) {
        const LinkCell& cell = links.cell(slot);
        return LinkSecurity::Heard{Instant{Nanos{cell.last_heard.load(std::memory_order_relaxed)}},
                                   Nanos{cell.peer_interval.load(std::memory_order_relaxed)}};
    };
    out->links_ = std::make_unique<LinkSecurity>(
        LinkSecurity::Parts{parts.self, out->keys_, *out->aead_, parts.publisher, std::move(received),
                            std::move(to_send), sent, heard, std::move(parts.random)});
    return out;
}

bool NodeSecurity::offer(LinkSecrets secrets) {
    return offered_.push(std::make_shared<LinkSecrets>(std::move(secrets)));
}

bool NodeSecurity::do_work(const OnSched& thread, Instant now) {
    std::shared_ptr<LinkSecrets> secrets;
    if (offered_.pop(secrets)) {
        links_->replace(std::move(*secrets));
    }
    return links_->do_work(thread, now);
}

}  // namespace izar
