// rival_channels.cc -- Each rival gets what helps it: our own codec, our quantizer's precision, the slice before.
#include "tools/replay/rival_channels.h"

#include <zstd.h>

#include <algorithm>

#include "dataplane/base/check.h"
#include "sched/summary/codec.h"
#include "sched/summary/link_partition.h"
#include "sched/summary/regions.h"
#include "tools/replay/arcturus.h"
#include "tools/replay/spanner.h"

namespace izar {
namespace {

constexpr int kZstdLevel = 19;

Quantizer precision_for(float eps) {
    return Quantizer::within(eps * 0.65F);
}

template <typename Visit>
void for_each_link(const RttMatrix& slice, const Visit& visit) {
    const bool symmetric = slice.symmetric();
    for (std::uint16_t from = 0; from < slice.nodes(); ++from)
        for (std::uint16_t to = symmetric ? static_cast<std::uint16_t>(from + 1) : std::uint16_t{0}; to < slice.nodes();
             ++to)
            if (from != to)
                visit(LinkIndex{from, to});
}

class RawChannel final : public SummaryChannel {
  public:
    Told tell(const RttMatrix& slice) override { return {raw_bytes(slice), slice, Nanos{}, Nanos{}}; }
};

class ZstdChannel final : public SummaryChannel {
  public:
    ZstdChannel(float eps, Clock clock) : quantizer_(precision_for(eps)), clock_(std::move(clock)) {}

    Told tell(const RttMatrix& slice) override {
        const Instant start = clock_();
        std::vector<Code> codes;
        RttMatrix believed(slice.nodes());
        const bool symmetric = slice.symmetric();
        for_each_link(slice, [&](LinkIndex link) {
            codes.push_back(quantizer_.encode(slice.at(link.from, link.to)));
            believed.set(link.from, link.to, quantizer_.decode(codes.back()));
            if (symmetric)
                believed.set(link.to, link.from, quantizer_.decode(codes.back()));
        });
        const std::size_t bytes = codes.size() * sizeof(Code);
        std::vector<std::uint8_t> out(ZSTD_compressBound(bytes));
        const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
        CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kZstdLevel)));
        if (!before_.empty())
            CHECK(!ZSTD_isError(ZSTD_CCtx_refPrefix(context.get(), before_.data(), before_.size() * sizeof(Code))));
        const std::size_t size = ZSTD_compress2(context.get(), out.data(), out.size(), codes.data(), bytes);
        CHECK(!ZSTD_isError(size));
        before_ = std::move(codes);
        return {size, std::move(believed), clock_() - start, Nanos{}};
    }

  private:
    Quantizer quantizer_;
    Clock clock_;
    std::vector<Code> before_;
};

// Tells a summary in full every time; the receiver reads it from the bytes.
Told tell_full(const MeshSummary& summary, Instant start, const Clock& clock) {
    const auto bytes = encode_full(summary);
    const Instant sent = clock();
    const auto decoded = decode_summary(bytes, nullptr);
    CHECK(decoded.has_value());
    return {bytes.size(), decoded->believed_links(), sent - start, clock() - sent};
}

MeshSummary summary_of(const RttMatrix& slice, const Quantizer& quantizer) {
    MeshSummary summary;
    summary.nodes = static_cast<std::uint16_t>(slice.nodes());
    summary.symmetric = slice.symmetric();
    summary.links.fraction_bits = {static_cast<std::uint8_t>(quantizer.fraction_bits())};
    return summary;
}

class MedianChannel final : public SummaryChannel {
  public:
    MedianChannel(float eps, Clock clock) : quantizer_(precision_for(eps)), clock_(std::move(clock)) {}

    Told tell(const RttMatrix& slice) override {
        const Instant start = clock_();
        auto summary = summary_of(slice, quantizer_);
        summary.region_of = find_regions(slice, usual_regions(slice.nodes()));
        partition_links(
            summary,
            [&](std::size_t from, std::span<float> row) { std::copy_n(slice.row(from), row.size(), row.begin()); },
            {.neighbours = 4, .mads = 3.5F, .eps = 0.0F});
        summary.links.items.clear();
        return tell_full(summary, start, clock_);
    }

  private:
    Quantizer quantizer_;
    Clock clock_;
};

class SpannerChannel final : public SummaryChannel {
  public:
    SpannerChannel(float eps, Clock clock) : eps_(eps), clock_(std::move(clock)) {}

    Told tell(const RttMatrix& slice) override {
        const Instant start = clock_();
        const Quantizer quantizer = precision_for(eps_);
        auto summary = summary_of(slice, quantizer);
        for (const auto link : spanner_links(slice, eps_))
            summary.links.items.push_back({link, false, {quantizer.encode(slice.at(link.from, link.to))}});
        return tell_full(summary, start, clock_);
    }

  private:
    float eps_;
    Clock clock_;
};

// Two bytes for a value; positions of singular values as two bytes each or as a bitmap, whichever is shorter; a group
// without outliers travels raw, as published, and so does one that this would make longer.
class ArcturusChannel final : public SummaryChannel {
  public:
    explicit ArcturusChannel(Clock clock) : clock_(std::move(clock)) {}

    Told tell(const RttMatrix& slice) override {
        const Instant start = clock_();
        MeshSummary shape = summary_of(slice, Quantizer(kMostFractionBits));
        shape.region_of = find_regions(slice, usual_regions(slice.nodes()));
        const std::size_t regions = shape.region_count();
        std::vector<std::vector<LinkIndex>> groups(shape.link_groups());
        for_each_link(slice, [&](LinkIndex link) {
            if (slice.at(link.from, link.to) != kUnknownRtt)
                groups[shape.link_group(link, regions)].push_back(link);
        });
        Told told{0, RttMatrix(slice.nodes()), Nanos{}, Nanos{}};
        for (const auto& links : groups)
            if (!links.empty())
                told.bytes += tell_group(slice, links, shape.symmetric, told.believed);
        told.encode = clock_() - start;
        return told;
    }

  private:
    static std::size_t tell_group(const RttMatrix& slice, const std::vector<LinkIndex>& links, bool symmetric,
                                  RttMatrix& believed) {
        std::vector<float> values;
        values.reserve(links.size());
        for (const auto link : links)
            values.push_back(slice.at(link.from, link.to));
        const auto partition = partition_by_gaps(values);
        const std::size_t positions = std::min(2 * partition.singular.size(), (values.size() + 7) / 8);
        const std::size_t parted = 2 + 2 * partition.singular.size() + positions;
        const bool raw = partition.singular.empty() || parted >= 2 * values.size();
        std::vector<float> told(raw ? values : std::vector<float>(values.size(), partition.group));
        for (const auto singular : partition.singular)
            told[singular] = values[singular];
        for (std::size_t i = 0; i < links.size(); ++i) {
            believed.set(links[i].from, links[i].to, told[i]);
            if (symmetric)
                believed.set(links[i].to, links[i].from, told[i]);
        }
        return raw ? 2 * values.size() : parted;
    }

    Clock clock_;
};

}  // namespace

std::unique_ptr<SummaryChannel> make_rival_channel(std::string_view kind, float eps, Clock clock) {
    if (kind == "raw")
        return std::make_unique<RawChannel>();
    if (kind == "zstd")
        return std::make_unique<ZstdChannel>(eps, std::move(clock));
    if (kind == "medians")
        return std::make_unique<MedianChannel>(eps, std::move(clock));
    if (kind == "spanner")
        return std::make_unique<SpannerChannel>(eps, std::move(clock));
    if (kind == "arcturus")
        return std::make_unique<ArcturusChannel>(std::move(clock));
    return nullptr;
}

}  // namespace izar
