#include "ctrl/controller/tell_turns.h"

namespace izar {

void TellTurns::add(NodeId node) {
    if (waiting_.empty()) {
        next_turn_.start(Nanos{0}, [this] { turn(); });
    }
    waiting_.insert(node);
}

void TellTurns::turn() {
    const Instant begun = loop_.now();
    do {
        auto next = waiting_.upper_bound(last_);
        if (next == waiting_.end()) {
            next = waiting_.begin();
        }
        last_ = *next;
        waiting_.erase(next);
        tell_(last_);
    } while (!waiting_.empty() && loop_.now() - begun < kTurn);
    if (!waiting_.empty()) {
        next_turn_.start(Nanos{0}, [this] { turn(); });
    }
}

}  // namespace izar
