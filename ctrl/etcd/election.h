// election.h -- Election: a thread that keeps a controller's leadership going, and tells what came of it.
//
// Thread: members are for one thread that is not the election's own; what both touch is behind a mutex. Nobody waits
// for
//         etcd but the election's thread, save for the destructor, which gives leadership up.
// Time:   by the clock given, which both threads call.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ctrl/etcd/leadership.h"

namespace izar {

struct ElectionParts {
    std::vector<std::string> endpoints;
    std::string prefix;
    std::string name;
    MemberAddresses at;  // of this controller, for the others
    std::chrono::seconds lease{10};
    std::function<Instant()> clock;
    Nanos most_silence = Nanos::max();  // between two calls of tick()
    EtcdAccess access{};
};

class Election {
  public:
    explicit Election(ElectionParts parts);
    ~Election();
    Election(const Election&) = delete;

    const std::string& name() const noexcept { return parts_.name; }
    // The controller works. Of one that does not say so for `most_silence`, waiting for a database that is cut off say,
    // the lead is given up until it does.
    void tick(Instant now);
    // The fence to write with, while this controller leads.
    std::optional<Fence> leads(Instant now) const;
    // For one that leads and cannot serve: gives the lead up, and asks for none for so long.
    void give_way(Nanos pause);
    // As etcd had it last.
    std::vector<Member> members() const;
    // Why etcd could not be asked the last time; empty: it was.
    std::string problem() const;

  private:
    void run();
    void publish(const Result<void>& stepped);
    bool pause(Nanos most);  // false: to end
    bool is_stuck() const;
    std::optional<Nanos> take_way_given();

    const ElectionParts parts_;
    EtcdClient client_;
    Leadership leadership_;  // of the thread
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool ending_ = false;
    std::optional<Nanos> way_given_;
    Instant ticked_at_;
    std::optional<Fence> fence_;
    Instant valid_until_{};
    std::vector<Member> members_;
    std::string problem_;
    std::thread thread_;
};

}  // namespace izar
