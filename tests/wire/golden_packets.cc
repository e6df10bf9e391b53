// golden_packets.cc -- One overlay packet of each kind, as the encoder writes it, for the dissector's test.
//
//   golden_packets > golden_packets.txt       lines "NAME HEX"; HEX is the payload of UDP port 6081
#include <fmt/format.h>

#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "dataplane/wire/control.h"
#include "dataplane/wire/duplicate_tag.h"
#include "dataplane/wire/handshake_message.h"
#include "dataplane/wire/overlay.h"
#include "dataplane/wire/path_probe.h"

namespace izar {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr NodeId kSender{17};

OverlayHeader header_of(std::uint16_t protocol, ServiceId service) {
    OverlayHeader header;
    write_overlay_template(header, kSender);
    header.geneve.protocol = Be16{protocol};
    header.geneve.vni_reserved = Be32{vni_of(service) << 8};
    header.t_tx = Be32{4'000'000'001};
    header.t_echo = Be32{3'999'000'000};
    header.t_hold = Be32{250'000};
    header.packet_number = Be64{std::uint64_t{3} << kPacketNumberLcoreShift | 0x010203040506};
    header.ingress = Be16{5};
    return header;
}

OverlayHeader control_header() {
    OverlayHeader header = header_of(kEtherTypeSealed, kNoService);
    header.geneve.flags |= kGeneveControl;
    return header;
}

void print(const char* name, const OverlayHeader& header, const Bytes& inside) {
    Bytes packet(sizeof header);
    std::memcpy(packet.data(), &header, sizeof header);
    packet.insert(packet.end(), inside.begin(), inside.end());
    fmt::print("{} ", name);
    for (const unsigned byte : packet) {
        fmt::print("{:02x}", byte);
    }
    fmt::print("\n");
}

// An IPv4 packet of protocol 253 (RFC 3692: for experiments), so that nothing else decodes what is inside.
Bytes inner_packet() {
    Bytes packet(24);
    Ipv4Header ip{};
    ip.version_ihl = 0x45;
    ip.total_length = Be16{24};
    ip.ttl = 64;
    ip.protocol = static_cast<IpProtocol>(253);
    std::memcpy(packet.data(), &ip, sizeof ip);
    return packet;
}

// The packet of 24 bytes as it travels twice.
Bytes tagged_packet() {
    const DuplicateTag tag{Be16{5}, Be16{0}, Be64{0x1122334455667788}};
    Bytes bytes(sizeof tag);
    std::memcpy(bytes.data(), &tag, sizeof tag);
    const Bytes packet = inner_packet();
    bytes.insert(bytes.end(), packet.begin(), packet.end());
    return bytes;
}

Bytes keep_alive(bool deaf, std::span<const RowItem> row, std::size_t padding) {
    Bytes message(keep_alive_length(row.size()) + padding);
    const KeepAliveView view{std::chrono::milliseconds{10}, 3, deaf, 1'234'567, row, 513, 512};
    write_keep_alive(message, view);
    return message;
}

Bytes rising(std::size_t length, std::uint8_t first) {
    Bytes bytes(length);
    std::iota(bytes.begin(), bytes.end(), first);
    return bytes;
}

Bytes handshake() {
    HandshakeMessage message{};
    message.kind = ControlKind::handshake;
    message.version = kControlVersion;
    message.length = Be16{sizeof message};
    message.number = 1;
    message.mark = {0x11, 0x22, 0x33};
    const Bytes noise = rising(message.noise.size(), 1);
    std::copy(noise.begin(), noise.end(), message.noise.begin());
    Bytes bytes(sizeof message);
    std::memcpy(bytes.data(), &message, sizeof message);
    return bytes;
}

Bytes path_probe() {
    PathProbe probe = make_path_probe();
    probe.far_end = Be16{9};
    probe.number = Be16{700};
    probe.t_sent = Be32{4'000'000'001};
    probe.watch = 1;
    probe.flags = kPathProbeAnswer;
    probe.back = {Be16{17}, Be16{5}, Be16{0}};
    Bytes bytes(sizeof probe);
    std::memcpy(bytes.data(), &probe, sizeof probe);
    return bytes;
}

void print_all() {
    OverlayHeader plain = header_of(kEtherTypeIpv4, ServiceId{0x0A0B0C});
    plain.remaining = {Be16{9}, Be16{11}};
    plain.flags = kFlagRepaired | kFlagReply;
    print("plain", plain, inner_packet());

    OverlayHeader sealed = header_of(kEtherTypeSealed, ServiceId{7});
    sealed.key_epoch = 2 << 5 | 31;
    print("sealed", sealed, rising(40, 0xC0));

    OverlayHeader twice = header_of(kEtherTypeSealed, ServiceId{7});
    twice.flags = kFlagDuplicate;
    print("duplicate", twice, tagged_packet());
    twice.key_epoch = 2 << 5 | 31;
    print("duplicate_sealed", twice, rising(52, 0xC0));

    OverlayHeader first = control_header();
    first.t_hold = Be32{kNothingToEcho};
    print("keep_alive", first, keep_alive(false, {}, 0));
    const RowItem row[] = {{Be16{3}, Be16{655}, Be32{42'000}, Be16{1500}},
                           {Be16{4}, Be16{0}, Be32{kUnreachableRtt}, Be16{0}}};
    print("keep_alive_deaf", control_header(), keep_alive(true, row, 8));

    OverlayHeader clear = control_header();
    clear.key_epoch = kClearEpoch;
    print("handshake", clear, handshake());
    OverlayHeader sealed_control = control_header();
    sealed_control.key_epoch = 1 << 5;
    print("keep_alive_sealed", sealed_control, rising(40, 0x80));

    OverlayHeader probe = control_header();
    probe.remaining = {Be16{9}, Be16{0}};
    print("path_probe", probe, path_probe());

    OverlayHeader cut = control_header();
    print("control_cut_short", cut, rising(3, 1));
}

}  // namespace
}  // namespace izar

int main() {
    izar::print_all();
    return 0;
}
