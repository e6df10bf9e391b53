#include "perf/forward/replay_ports.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <utility>

#include "perf/forward/packets.h"

namespace izar {
namespace {

// Which net_pcap gives its first port of a process that has no MAC address from anywhere else.
constexpr MacAddress kPcapMac = {{0x02, 0x70, 0x63, 0x61, 0x70, 0x00}};

// The capture file format of libpcap 2.4, in host order.
struct CaptureHeader {
    std::uint32_t magic = 0xA1B2C3D4;
    std::uint16_t major = 2;
    std::uint16_t minor = 4;
    std::uint32_t zone = 0;
    std::uint32_t precision = 0;
    std::uint32_t longest = 65'535;
    std::uint32_t link_type = 1;  // Ethernet
};
static_assert(sizeof(CaptureHeader) == 24);
struct RecordHeader {
    std::uint32_t seconds = 0;
    std::uint32_t microseconds = 0;
    std::uint32_t captured = 0;
    std::uint32_t length = 0;
};
static_assert(sizeof(RecordHeader) == 16);

template <typename Header>
void put(std::ofstream& file, const Header& header) {
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
}

// One packet of each flow.
bool write_capture(const Scenario& scenario, const std::filesystem::path& path) {
    PacketWriter writer(scenario, kPcapMac);
    std::array<char, 2'048> bytes{};
    rte_mbuf packet{};  // what the writer needs of one
    packet.buf_addr = bytes.data();
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    put(file, CaptureHeader{});
    for (std::uint32_t flow = 0; flow < scenario.flows; ++flow) {
        writer.write(&packet, flow, Instant{});
        put(file, RecordHeader{0, 0, packet.data_len, packet.data_len});
        file.write(bytes.data(), packet.data_len);
    }
    return file.good();
}

}  // namespace

Result<std::vector<Port>> open_replay_ports(const Scenario& scenario, std::vector<PortConfig> ports,
                                            rte_mempool* pool) {
    const auto path = std::filesystem::temp_directory_path() / fmt::format("izar-perf-{}.pcap", getpid());
    if (!write_capture(scenario, path)) {
        return fail(fmt::format("cannot write {}; set TMPDIR to a folder with room", path.string()));
    }
    EdgeConfig config;
    config.ports = std::move(ports);
    const std::size_t in = raw(port_in(scenario.role));
    for (std::size_t at = 0; at < config.ports.size(); ++at) {
        config.ports[at].device =
            at == in ? fmt::format("net_pcap,rx_pcap={},infinite_rx=1", path.string()) : "net_null,no-rx=1";
    }
    auto opened = open_ports(config, pool);
    std::error_code ignored;  // it may not be there
    std::filesystem::remove(path, ignored);
    if (opened && !((*opened)[in].mac == kPcapMac)) {
        close_ports(*opened);
        return fail("net_pcap has another MAC address than the packets: this version of DPDK is not known");
    }
    return opened;
}

}  // namespace izar
