#include "dataplane/stages/duplicate.h"

#include "dataplane/stages/frame.h"
#include "dataplane/stages/seal_overlay.h"
#include "dataplane/stages/send.h"
#include "dataplane/wire/duplicate_tag.h"

namespace izar {

void send_second_copy(Burst& burst, unsigned lane, LcoreState& lcore, const Published& published,
                      Instant now) noexcept {
    rte_mbuf* const m = burst.mbuf[lane];
    auto& tag = header_at<DuplicateTag>(prepend(m, sizeof(DuplicateTag)));
    tag = DuplicateTag{Be16{raw(published.fleet->node(published.fleet->self).id)}, Be16{0},
                       Be64{lcore.shared.links.duplicates().next()}};
    const Path& path = burst.second_path[lane];
    const LinkTemplate& link = lcore.sender.link(path.first_link);
    rte_mbuf* const copy = link.port == kNoPort ? nullptr : rte_pktmbuf_copy(m, lcore.shared.pool, 0, UINT32_MAX);
    if (copy == nullptr) {
        ++lcore.counters.answers_lost;
        return;
    }
    if (!seal_alone(copy, seal_request(burst, lane, path, kEtherTypeSealed), path.first_link, lcore, now)) {
        rte_pktmbuf_free(copy);
        return;
    }
    lcore.shared.links.counters(lcore.index, path.first_link).count_sent(copy->data_len);
    ++lcore.counters.made;
    send_made(copy, link.neighbor, link.port, lcore, now);
}

bool take_first_copy(Burst& burst, unsigned lane, LcoreState& lcore, const Published& published) noexcept {
    rte_mbuf* const m = burst.mbuf[lane];
    if (m->data_len < sizeof(DuplicateTag)) {
        burst.verdict[lane] = Verdict::truncated;
        return false;
    }
    const auto& tag = header_at<DuplicateTag>(rte_pktmbuf_mtod(m, std::uint8_t*));
    const NodeSlot origin = published.fleet->slot(NodeId{tag.origin.value()});
    if (origin == kNoSlot) {
        burst.verdict[lane] = Verdict::unknown_peer;
        return false;
    }
    if (!lcore.shared.links.duplicates().is_first(origin, tag.sequence.value())) {
        burst.verdict[lane] = Verdict::duplicate;
        return false;
    }
    focus(m, sizeof(DuplicateTag), static_cast<std::uint16_t>(m->data_len - sizeof(DuplicateTag)));
    return true;
}

}  // namespace izar
