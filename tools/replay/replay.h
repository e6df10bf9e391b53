// replay.h -- Runs a matrix, or a series of slices, through the library and measures what it was worth.
//
// Per slice, for every ordered pair with a measured direct link: what the direct path costs, what the best path
// of the slice costs (oracle), and what the path costs that hysteresis keeps or takes, once with full knowledge
// and once with what a summary tells. Stretch is that of the summary alone, without hysteresis: the path chosen by
// belief against the oracle. Pairs that a summary without bounds sends over a link that is not there are counted,
// and left out of the distributions.
//
// Thread: pure functions; the clock is the caller's and only measures encoding and decoding.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sched/policy.h"
#include "tools/replay/links_in_use.h"
#include "tools/replay/matrix_file.h"
#include "tools/replay/summary_channel.h"

namespace izar {

struct Distribution {
    double mean = 0;
    double p50 = 0;
    double p99 = 0;
    double max = 0;
};
// Of a non-empty sample, which is sorted.
Distribution distribution_of(std::vector<float>& values);

struct SliceFigures {
    std::string name;
    std::size_t pairs = 0;            // with a measured direct link
    std::size_t lost = 0;             // of these, pairs that the summary sent over a link that does not exist
    Distribution direct;              // ms
    Distribution oracle;              // ms
    Distribution chosen;              // ms, full knowledge and hysteresis
    Distribution summarized;          // ms, the summary's knowledge and hysteresis
    Distribution stretch;             // ratio, the summary alone
    std::optional<LinksInUse> links;  // with full knowledge, without hysteresis
    double switched = 0;              // share of pairs that moved, full knowledge
    double summary_switched = 0;
    std::size_t bytes_raw = 0;
    std::size_t bytes_sent = 0;
    double encode_ms = 0;
    double decode_ms = 0;
};

struct ReplayOptions {
    std::string summary = "pruned";
    float eps = 0.03F;
    int relays = 2;
    RoutingPolicy policy;                       // a matrix holds RTTs only, so terms of loss and load are 0
    Nanos interval = std::chrono::seconds{16};  // between slices: the Seattle set's
};

struct ReplayReport {
    std::size_t nodes = 0;
    ReplayOptions options;
    bool symmetric = false;
    std::vector<SliceFigures> slices;
    // Sorted samples of the last slice, for the picture.
    std::vector<float> direct, oracle, chosen, summarized;
};

Result<ReplayReport> replay(const std::vector<NamedMatrix>& slices, const ReplayOptions& options, const Clock& clock);

}  // namespace izar
