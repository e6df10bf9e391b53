#include "ctrl/etcd/leadership.h"

#include <algorithm>
#include <utility>

namespace izar {

Leadership::Leadership(EtcdClient& client, std::string prefix, std::string name, std::chrono::seconds lease,
                       MemberAddresses at)
    : client_(client), prefix_(std::move(prefix)), name_(std::move(name)), at_(std::move(at)), ttl_(lease) {}

void Leadership::forget_lease() {
    lease_.reset();
    fence_.reset();
}

Result<void> Leadership::begin_lease(Instant now) {
    const auto granted = client_.grant(ttl_);
    if (!granted) {
        return tl::unexpected(granted.error());
    }
    if (auto listed = client_.put(members_prefix() + name_, at_.api + " " + at_.agents, *granted); !listed) {
        return listed;
    }
    lease_ = *granted;
    valid_until_ = now + ttl_;
    return {};
}

Result<void> Leadership::step(Instant now) {
    if (lease_ && now >= valid_until_) {
        // Too late to renew with confidence: what we led may be another's by now.
        forget_lease();
    }
    if (!lease_) {
        if (auto begun = begin_lease(now); !begun) {
            return begun;
        }
    } else {
        const auto left = client_.keep_alive(*lease_);
        if (!left) {
            return tl::unexpected(left.error());
        }
        if (!*left) {
            forget_lease();
            return {};
        }
        valid_until_ = now + **left;
    }
    if (!fence_) {
        const auto created = client_.create(leader_key(), name_, *lease_);
        if (!created) {
            // It may have been made all the same, and then our own lease would keep us out: let that lease run out.
            forget_lease();
            return tl::unexpected(created.error());
        }
        fence_ = *created;
    }
    return {};
}

std::optional<Fence> Leadership::leads(Instant now) const {
    return lease_ && now < valid_until_ ? fence_ : std::nullopt;
}

Result<void> Leadership::wait_for_turn(Nanos most) {
    const auto found = client_.list(leader_key());
    if (!found) {
        return tl::unexpected(found.error());
    }
    if (found->entries.empty()) {
        return {};
    }
    const auto changed = client_.wait_for_change(leader_key(), found->revision, most);
    return changed ? Result<void>{} : tl::unexpected(changed.error());
}

Result<void> Leadership::step_down() {
    if (!lease_) {
        return {};
    }
    const LeaseId lease = *lease_;
    forget_lease();
    return client_.revoke(lease);
}

Result<std::vector<Member>> Leadership::members() {
    const auto found = client_.list(prefix_ + "/");
    if (!found) {
        return tl::unexpected(found.error());
    }
    std::string leader;
    std::vector<Member> out;
    for (const EtcdEntry& entry : found->entries) {
        if (entry.key == leader_key()) {
            leader = entry.value;
        } else if (entry.key.starts_with(members_prefix())) {
            const std::size_t space = std::min(entry.value.find(' '), entry.value.size());
            const std::size_t agents = std::min(space + 1, entry.value.size());
            out.push_back({.name = entry.key.substr(members_prefix().size()),
                           .at = {entry.value.substr(0, space), entry.value.substr(agents)}});
        }
    }
    for (Member& member : out) {
        member.leads = member.name == leader;
    }
    return out;
}

}  // namespace izar
