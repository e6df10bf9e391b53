#include "ctrl/controller/join_gate.h"

#include <utility>

#include "ctrl/store/token.h"

namespace izar {

std::size_t JoinGate::begin_round() {
    joins_left_ = kJoins;
    repeats_left_ = kRepeats;
    const std::size_t refused = std::exchange(refusals_, 0);
    return refused > kTold ? refused - kTold : 0;
}

bool JoinGate::tells_refusal() {
    return ++refusals_ <= kTold;
}

// Somebody else may have written a token into the store, so an unknown one is looked for again, but not each time.
Result<void> JoinGate::read_tokens(const std::string& id, Instant now) {
    const bool known = known_ && tokens_.contains(id);
    if (known || (known_ && now - looked_at_ < kLook)) {
        // What cannot be looked up is not unknown: a node that hears so gives up.
        return known || !silence_ ? Result<void>{} : tl::unexpected(*silence_);
    }
    looked_at_ = now;
    known_ = true;
    auto read = store_.tokens();
    if (!read) {
        silence_ = Error{read.error().text};
        return tl::unexpected(*silence_);
    }
    silence_.reset();
    tokens_.clear();
    for (TokenRecord& record : *read) {
        std::string key = record.id;
        tokens_.emplace(std::move(key), std::move(record));
    }
    return {};
}

Result<void> JoinGate::admit(std::string_view token, Instant now, WallTime wall) {
    const auto parts = parse_token(token);
    if (!parts) {
        return tl::unexpected(parts.error());
    }
    if (auto read = read_tokens(parts->id, now); !read) {
        return read;
    }
    const auto found = tokens_.find(parts->id);
    if (found == tokens_.end() || found->second.withdrawn ||
        !same_digest(found->second.secret_hash, parts->secret_hash)) {
        return fail("the token is unknown, expired, used up or withdrawn; make a new one");
    }
    TokenRecord& known = found->second;
    const bool usable = known.uses_left > 0 && wall < known.expires_at;
    std::size_t& left = usable ? joins_left_ : repeats_left_;
    if (left == 0) {
        return fail("too many joins at once; try again in some seconds");
    }
    --left;
    known.uses_left -= usable ? 1 : 0;  // if it joins; whoever learns that it did not lets us forget
    return {};
}

bool JoinGate::admit_renewal() {
    if (joins_left_ == 0) {
        return false;
    }
    --joins_left_;
    return true;
}

}  // namespace izar
