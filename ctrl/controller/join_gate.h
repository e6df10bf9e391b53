// join_gate.h -- JoinGate: who of those that want to join is let through to the authority and the store.
//
// It knows the store's tokens by heart. Whoever shows none of them is turned away before anything is spent on it,
// a quota neither: strangers can not keep anybody from joining, however many they are. What a token still allows, the
// store decides.
//
// Thread: the controller's. Time is a parameter.
// Bounds: a round lets kJoins usable tokens through, and kRepeats of those that are spent: a node whose first answer
//         got lost may ask again with one. Of those turned away, kTold a round are told of one by one.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "ctrl/store/store.h"
#include "dataplane/base/types.h"

namespace izar {

class JoinGate {
  public:
    static constexpr std::size_t kJoins = 100;  // and renewals of certificates
    static constexpr std::size_t kRepeats = 20;
    static constexpr std::size_t kTold = 20;
    static constexpr Nanos kLook = std::chrono::seconds{1};  // between two looks for tokens that are not known

    explicit JoinGate(Store& store) : store_(store) {}

    // Begins a round. How many were turned away in the last one without being told of.
    std::size_t begin_round();
    // The error says why this token does not get through now: it is none, there are too many joins, or the store does
    // not answer.
    Result<void> admit(std::string_view token, Instant now, WallTime wall);
    // An agent whose node is known wants its certificate renewed; false: not in this round.
    bool admit_renewal();
    // A refusal, by this or by the store; true: it is to be told of.
    bool tells_refusal();
    // The store's tokens may have changed.
    void forget_tokens() noexcept { known_ = false; }

  private:
    Result<void> read_tokens(const std::string& id, Instant now);

    Store& store_;
    std::map<std::string, TokenRecord> tokens_;  // by id
    bool known_ = false;                         // tokens_ is what the store has, as far as we know
    Instant looked_at_{};
    std::optional<Error> silence_;  // what the store said instead, when it was asked last
    std::size_t joins_left_ = kJoins;
    std::size_t repeats_left_ = kRepeats;
    std::size_t refusals_ = 0;
};

}  // namespace izar
