// crash_runs.h -- Kills a child process at every named fail point of the store, and looks at what it left.
//
// A run: a child carries a seeded list of operations out and tells its parent, by a pipe, before and after each; at
// the n-th pass of one fail point it is gone (kill -9). The parent then opens the same store. It must hold exactly
// what the acknowledged operations say, with or without the one that was under way; and it must work on: the parent
// repeats that one, carries out the rest, and compares the end with the model's.
//
// Thread: one; the child is a fork without threads.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <string>
#include <utility>

#include "ctrl/store/testing/crash_world.h"
#include "ctrl/store/testing/test_store.h"
#include "dataplane/base/check.h"

namespace izar {

// Counts how often each fail point is passed.
class CountingFailPoints final : public FailPoints {
  public:
    void reached(std::string_view operation, std::string_view step) override {
        ++passes[std::string(operation) + "." + std::string(step)];
    }
    std::map<std::string, std::uint32_t> passes;
};

// Ends the process at the n-th pass of one of them.
class DeadlyFailPoints final : public FailPoints {
  public:
    DeadlyFailPoints(std::string name, std::uint32_t pass) : name_(std::move(name)), passes_left_(pass) {}
    void reached(std::string_view operation, std::string_view step) override {
        if (std::string(operation) + "." + std::string(step) == name_ && --passes_left_ == 0) {
            ::kill(::getpid(), SIGKILL);
        }
    }

  private:
    std::string name_;
    std::uint32_t passes_left_;
};

inline std::vector<CrashOperation> operations_of(std::uint64_t seed, std::size_t count) {
    Random random(seed);
    CrashModel model;
    std::vector<CrashOperation> out;
    while (out.size() < count) {
        out.push_back(model.choose(random));
        model.apply(out.back());
    }
    return out;
}

template <typename Backing>
class CrashRun {
  public:
    explicit CrashRun(const std::vector<CrashOperation>& operations) : operations_(operations) {}

    void run(const std::string& fail_point, std::uint32_t pass) {
        SCOPED_TRACE(fail_point + ", pass " + std::to_string(pass));
        int ends[2];
        CHECK(::pipe(ends) == 0);
        const pid_t child = ::fork();
        CHECK(child >= 0);
        if (child == 0) {
            ::close(ends[0]);
            work(fail_point, pass, ends[1]);
        }
        ::close(ends[1]);
        std::size_t marks = 0;
        char mark = 0;
        while (::read(ends[0], &mark, 1) == 1) {
            ++marks;
        }
        ::close(ends[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child met no such fail point";
        look(marks);
    }

  private:
    // In the child: a mark before each operation and one after.
    [[noreturn]] void work(const std::string& fail_point, std::uint32_t pass, int parent) {
        DeadlyFailPoints deadly(fail_point, pass);
        auto store = backing_.open({.fail_points = &deadly});
        for (std::size_t i = 0; store && i < operations_.size(); ++i) {
            const bool told = ::write(parent, "b", 1) == 1;
            if (!carry_out(**store, operations_[i]) || !told || ::write(parent, "a", 1) != 1) {
                break;
            }
        }
        ::_exit(3);
    }

    void look(std::size_t marks) {
        const std::size_t acknowledged = marks / 2;
        const bool under_way = marks % 2 == 1;
        CrashModel model;
        for (std::size_t i = 0; i < acknowledged; ++i) {
            model.apply(operations_[i]);
        }
        auto store = backing_.open({});
        ASSERT_TRUE(store) << store.error().text;
        const auto found = facts_of(**store);
        const auto without = model.facts();
        if (under_way) {
            model.apply(operations_[acknowledged]);
        }
        const auto with = model.facts();
        ASSERT_TRUE(found == without || found == with) << "acknowledged " << acknowledged << ", found:\n"
                                                       << ::testing::PrintToString(found) << "\nwanted:\n"
                                                       << ::testing::PrintToString(without) << "\nor\n"
                                                       << ::testing::PrintToString(with);
        go_on(**store, model, acknowledged, under_way, found == with);
    }

    // A fence that was claimed is claimed again by the successor, as a controller does that wins the next lease.
    void go_on(Store& store, CrashModel& model, std::size_t acknowledged, bool under_way, bool done) {
        std::uint32_t fence = 0;
        const std::size_t known = acknowledged + (under_way ? 1 : 0);
        for (std::size_t i = 0; i < known; ++i) {
            if (operations_[i].action == CrashAction::claim) {
                fence = operations_[i].subject;
            }
        }
        if (fence > 0) {
            granted(store.claim(Fence{fence}));
        }
        if (under_way) {
            // What it may be refused for is that it has happened: nothing there to remove.
            ASSERT_TRUE(carry_out(store, operations_[acknowledged]) || done);
        }
        for (std::size_t i = known; i < operations_.size(); ++i) {
            ASSERT_TRUE(carry_out(store, operations_[i])) << "operation " << i;
            model.apply(operations_[i]);
        }
        ASSERT_EQ(facts_of(store), model.facts());
    }

    Backing backing_;
    const std::vector<CrashOperation>& operations_;
};

// Every fail point that the seed's operations pass, once; which pass, by chance. Gives the names it killed at.
template <typename Backing>
std::set<std::string> crash_everywhere(std::uint64_t seed, std::size_t count) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto operations = operations_of(seed, count);
    CountingFailPoints counting;
    {
        Backing backing;
        auto store = backing.open({.fail_points = &counting});
        CHECK(store.has_value());
        CrashModel model;
        for (const CrashOperation& operation : operations) {
            EXPECT_TRUE(carry_out(**store, operation)) << static_cast<int>(operation.action);
            model.apply(operation);
        }
        EXPECT_EQ(facts_of(**store), model.facts());
    }
    Random random(seed);
    std::set<std::string> names;
    for (const auto& [name, passes] : counting.passes) {
        CrashRun<Backing>(operations).run(name, 1 + random.below(passes));
        names.insert(name);
    }
    return names;
}

}  // namespace izar
