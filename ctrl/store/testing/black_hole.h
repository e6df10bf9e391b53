// black_hole.h -- BlackHole: a network namespace behind a veth pair, whose packets can be made to vanish: nobody
// refuses, resets or answers anything.
//
// Thread: the test's. Needs root, `ip` and `nft`.
#pragma once

#include <string>

namespace izar {

class BlackHole {
  public:
    BlackHole();
    ~BlackHole();
    BlackHole(const BlackHole&) = delete;

    const std::string& name() const noexcept { return name_; }  // of the namespace
    // Of its end of the pair, as the machine reaches it.
    const std::string& address() const noexcept { return address_; }

    // All packets to the namespace and from it, from now on.
    void swallow();
    // Only what comes from it: it hears, and nobody hears it.
    void swallow_answers();
    void let_through();

  private:
    void swallow_at(const char* hook);
    std::string name_;
    std::string address_;
};

}  // namespace izar
