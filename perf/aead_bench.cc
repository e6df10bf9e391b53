// aead_bench.cc -- What it costs to encrypt and decrypt the packets of a burst: the ways there are, side by side.
//
// Counter: `cycles_per_packet`, ticks of the time-stamp counter for sealing and opening one packet with 44 bytes of
// associated data, the median over batches. Rows: `ours` (libipsec-mb called directly, as forwarding does),
// `openssl` (our way on CPUs without AES instructions), `jobs` (libipsec-mb's job queue) and `cryptodev` (DPDK's
// synchronous interface, one session a call, over the same library). The packets of a burst belong to `links` links.
#include <benchmark/benchmark.h>
#include <intel-ipsec-mb.h>
#include <rte_bus_vdev.h>
#include <rte_cryptodev.h>
#include <rte_eal.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/base/limits.h"
#include "dataplane/security/aead.h"

namespace izar {
namespace {

constexpr std::size_t kAssociated = sizeof(OverlayHeader);
constexpr std::size_t kSpace = 2'048;

std::unique_ptr<Aead> make_aead(AeadCode code) {
    return std::move(Aead::make(code).value());
}

// A burst of packets in buffers of their own, spread over links with a key each.
struct Packets {
    Packets(benchmark::State& state, Aead& aead)
        : bytes(static_cast<std::size_t>(state.range(0))),
          links(static_cast<std::size_t>(state.range(1))),
          buffers(kMaxBurst * kSpace),
          keys(std::make_unique<AeadKey[]>(links)) {
        for (std::size_t i = 0; i < links; ++i) {
            TrafficKey key;
            key.key.writable()[0] = static_cast<std::uint8_t>(i);
            aead.expand(key, keys[i]);
        }
        for (std::size_t i = 0; i < kMaxBurst; ++i) {
            std::uint8_t* const at = buffers.data() + i * kSpace;
            packets[i] = {&keys[i % links], i, at, at + kAssociated, kAssociated, static_cast<std::uint32_t>(bytes)};
        }
    }
    std::size_t bytes;
    std::size_t links;
    std::vector<std::uint8_t> buffers;
    std::unique_ptr<AeadKey[]> keys;
    std::array<AeadPacket, kMaxBurst> packets{};
};

template <typename Work>
void measure(benchmark::State& state, Work&& work) {
    constexpr int kBatch = 16;  // bursts
    std::vector<std::uint64_t> ticks;
    ticks.reserve(1 << 20);
    while (state.KeepRunningBatch(kBatch)) {
        const std::uint64_t start = __rdtsc();
        for (int i = 0; i < kBatch; ++i) {
            work();
        }
        if (ticks.size() < ticks.capacity()) {
            ticks.push_back(__rdtsc() - start);
        }
    }
    const auto middle = ticks.begin() + static_cast<std::ptrdiff_t>(ticks.size() / 2);
    std::nth_element(ticks.begin(), middle, ticks.end());
    state.counters["cycles_per_packet"] = static_cast<double>(*middle) / (kBatch * kMaxBurst);
}

void run_aead(benchmark::State& state, AeadCode code) {
    const auto aead = make_aead(code);
    Packets burst(state, *aead);
    std::array<bool, kMaxBurst> authentic{};
    measure(state, [&] {
        aead->seal(burst.packets);
        aead->open(burst.packets, authentic);
        CHECK(std::ranges::all_of(authentic, [](bool each) { return each; }));
    });
}

void ours(benchmark::State& state) {
    run_aead(state, AeadCode::best);
}
void openssl(benchmark::State& state) {
    run_aead(state, AeadCode::openssl);
}

// The same while another core does the same with data of its own: whether the library's calls share anything.
void ours_beside_another_core(benchmark::State& state) {
    std::atomic<bool> stop{false};
    std::thread other([&] {
        const auto aead = make_aead(AeadCode::best);
        Packets burst(state, *aead);
        while (!stop.load(std::memory_order_relaxed)) {
            aead->seal(burst.packets);
        }
    });
    run_aead(state, AeadCode::best);
    stop = true;
    other.join();
}

// libipsec-mb's job queue: 32 jobs are handed in as one burst and come back complete.
class JobQueue {
  public:
    explicit JobQueue(Packets& packets) : packets_(packets), keys_(packets.links), manager_(alloc_mb_mgr(0)) {
        init_mb_mgr_auto(manager_, nullptr);
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            const std::array<std::uint8_t, 16> key{static_cast<std::uint8_t>(i)};
            IMB_AES128_GCM_PRE(manager_, key.data(), &keys_[i]);
        }
    }
    ~JobQueue() { free_mb_mgr(manager_); }
    JobQueue(const JobQueue&) = delete;

    void run(IMB_CIPHER_DIRECTION direction) {
        std::array<IMB_JOB*, kMaxBurst> jobs;
        CHECK(IMB_GET_NEXT_BURST(manager_, kMaxBurst, jobs.data()) == kMaxBurst);
        for (std::size_t i = 0; i < kMaxBurst; ++i) {
            fill(*jobs[i], i, direction);
        }
        CHECK(IMB_SUBMIT_BURST(manager_, kMaxBurst, jobs.data()) == kMaxBurst);
    }

  private:
    void fill(IMB_JOB& job, std::size_t i, IMB_CIPHER_DIRECTION direction) {
        const AeadPacket& packet = packets_.packets[i];
        std::memcpy(nonces_[i].data() + 4, &packet.packet_number, 8);
        job.cipher_mode = IMB_CIPHER_GCM;
        job.hash_alg = IMB_AUTH_AES_GMAC;
        job.cipher_direction = direction;
        job.chain_order = direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
        job.enc_keys = job.dec_keys = &keys_[i % keys_.size()];
        job.key_len_in_bytes = 16;
        job.src = packet.text;
        job.dst = packet.text;
        job.cipher_start_src_offset_in_bytes = job.hash_start_src_offset_in_bytes = 0;
        job.msg_len_to_cipher_in_bytes = job.msg_len_to_hash_in_bytes = packet.text_length;
        job.iv = nonces_[i].data();
        job.iv_len_in_bytes = 12;
        job.u.GCM.aad = packet.associated;
        job.u.GCM.aad_len_in_bytes = packet.associated_length;
        job.auth_tag_output = tags_[i].data();
        job.auth_tag_output_len_in_bytes = kTagLength;
    }

    Packets& packets_;
    std::vector<gcm_key_data> keys_;
    IMB_MGR* manager_;
    std::array<std::array<std::uint8_t, 12>, kMaxBurst> nonces_{};
    std::array<std::array<std::uint8_t, kTagLength>, kMaxBurst> tags_{};
};

void jobs(benchmark::State& state) {
    const auto aead = make_aead(AeadCode::best);
    Packets burst(state, *aead);
    JobQueue queue(burst);
    measure(state, [&] {
        queue.run(IMB_DIR_ENCRYPT);
        queue.run(IMB_DIR_DECRYPT);
    });
}

// rte_cryptodev_sym_cpu_crypto_process takes one session a call, so a burst over several links is several calls.
class CryptoDevice {
  public:
    explicit CryptoDevice(Packets& packets) : packets_(packets) {
        const int device = rte_cryptodev_get_dev_id("crypto_aesni_gcm");
        CHECK(device >= 0);
        device_ = static_cast<std::uint8_t>(device);
        static const bool started = start(device_);
        CHECK(started);
        static rte_mempool* const pool = rte_cryptodev_sym_session_pool_create(
            "bench_sessions", 256, rte_cryptodev_sym_get_private_session_size(device_), 0, 0, SOCKET_ID_ANY);
        CHECK(pool != nullptr);
        for (const auto operation : {RTE_CRYPTO_AEAD_OP_ENCRYPT, RTE_CRYPTO_AEAD_OP_DECRYPT}) {
            for (std::size_t i = 0; i < packets.links; ++i) {
                add_session(operation, static_cast<std::uint8_t>(i), pool);
            }
        }
    }
    ~CryptoDevice() {
        for (void* session : sessions_) {
            rte_cryptodev_sym_session_free(device_, session);
        }
    }
    CryptoDevice(const CryptoDevice&) = delete;

    // `first`: 0 to encrypt, the number of links to decrypt.
    void run(std::size_t first) {
        for (std::size_t link = 0; link < packets_.links; ++link) {
            std::uint32_t n = 0;
            for (std::size_t i = link; i < kMaxBurst; i += packets_.links, ++n) {
                const AeadPacket& packet = packets_.packets[i];
                std::memcpy(nonces_[n].data() + 4, &packet.packet_number, 8);
                text_[n] = {packet.text, 0, packet.text_length, 0};
                lists_[n].vec = &text_[n];
                lists_[n].num = 1;
                nonce_[n] = {nonces_[n].data(), 0};
                associated_[n] = {const_cast<std::uint8_t*>(packet.associated), 0};
                tag_[n] = {packet.text + packet.text_length, 0};
            }
            rte_crypto_sym_vec vector{};
            vector.num = n;
            vector.src_sgl = lists_.data();
            vector.iv = nonce_.data();
            vector.digest = tag_.data();
            vector.aad = associated_.data();
            vector.status = status_.data();
            CHECK(rte_cryptodev_sym_cpu_crypto_process(device_, sessions_[first + link], rte_crypto_sym_ofs{},
                                                       &vector) == n);
        }
    }

  private:
    static bool start(std::uint8_t device) {
        rte_cryptodev_config config{};
        config.nb_queue_pairs = 1;
        rte_cryptodev_qp_conf queue{};
        queue.nb_descriptors = 64;
        return rte_cryptodev_configure(device, &config) == 0 &&
               rte_cryptodev_queue_pair_setup(device, 0, &queue, SOCKET_ID_ANY) == 0 &&
               rte_cryptodev_start(device) == 0;
    }

    void add_session(rte_crypto_aead_operation operation, std::uint8_t number, rte_mempool* pool) {
        const std::array<std::uint8_t, 16> key{number};
        rte_crypto_sym_xform xform{};
        xform.type = RTE_CRYPTO_SYM_XFORM_AEAD;
        xform.aead.op = operation;
        xform.aead.algo = RTE_CRYPTO_AEAD_AES_GCM;
        xform.aead.key = {key.data(), 16};
        xform.aead.iv = {0, 12};
        xform.aead.digest_length = kTagLength;
        xform.aead.aad_length = kAssociated;
        void* const session = rte_cryptodev_sym_session_create(device_, &xform, pool);
        CHECK(session != nullptr);
        sessions_.push_back(session);
    }

    Packets& packets_;
    std::uint8_t device_;
    std::vector<void*> sessions_;
    std::array<std::array<std::uint8_t, 12>, kMaxBurst> nonces_{};
    std::array<rte_crypto_vec, kMaxBurst> text_{};
    std::array<rte_crypto_sgl, kMaxBurst> lists_{};
    std::array<rte_crypto_va_iova_ptr, kMaxBurst> nonce_{}, associated_{}, tag_{};
    std::array<std::int32_t, kMaxBurst> status_{};
};

void cryptodev(benchmark::State& state) {
    const auto aead = make_aead(AeadCode::best);
    Packets burst(state, *aead);
    CryptoDevice device(burst);
    measure(state, [&] {
        device.run(0);
        device.run(burst.links);
    });
}

const std::vector<std::vector<std::int64_t>> kBytesAndLinks = {{64, 256, 1'400}, {1, 8, 32}};
BENCHMARK(ours)->ArgNames({"bytes", "links"})->ArgsProduct(kBytesAndLinks);
BENCHMARK(ours_beside_another_core)->ArgNames({"bytes", "links"})->ArgsProduct({{64, 1'400}, {8}});
BENCHMARK(jobs)->ArgNames({"bytes", "links"})->ArgsProduct(kBytesAndLinks);
BENCHMARK(cryptodev)->ArgNames({"bytes", "links"})->ArgsProduct(kBytesAndLinks);
BENCHMARK(openssl)->ArgNames({"bytes", "links"})->ArgsProduct(kBytesAndLinks);

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    const std::array eal = {"aead_bench",
                            "--no-huge",
                            "-m",
                            "64",
                            "--no-shconf",
                            "--no-pci",
                            "--log-level=error",
                            "--vdev=crypto_aesni_gcm"};
    std::array<char*, eal.size()> arguments;
    std::ranges::transform(eal, arguments.begin(), [](const char* each) { return const_cast<char*>(each); });
    CHECK(rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) >= 0);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
