#include "perf/forward/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace izar {
namespace {

// Options that are words, as they stand on the command line.
struct Words {
    std::string role = "relay";
    std::string ports = "net_ring";
    std::string security = "none";
    std::string forgery = "none";
    std::string frame_bytes = "64";
    std::string protocol = "udp";
};

void add_scenario_options(CLI::App& app, Words& words, Scenario& scenario) {
    app.add_option("--role", words.role, "ingress, relay, egress, or direct: both ends of the overlay at once")
        ->capture_default_str();
    app.add_option("--ports", words.ports, "net_ring, net_memif or net_pcap")->capture_default_str();
    app.add_option("--security", words.security, "none or aes-gcm")
        ->check(CLI::IsMember({"none", "aes-gcm"}))
        ->capture_default_str();
    app.add_option("--forgery", words.forgery, "what is wrong with sealed packets: none, tag, replay, epoch or peer")
        ->capture_default_str();
    app.add_option("--links", scenario.links, "links that a relay's packets come over, and as many that they leave by")
        ->check(CLI::Range(1U, kMostLinks))
        ->capture_default_str();
    app.add_option("--flows", scenario.flows, "client flows")->check(CLI::Range(1U, 4U << 20))->capture_default_str();
    app.add_option("--frame-bytes", words.frame_bytes, "client's frame without FCS, or imix")
        ->check(CLI::Range(kLeastFrame, kMostFrame) | CLI::IsMember({"imix"}))
        ->capture_default_str();
    app.add_option("--protocol", words.protocol, "udp, tcp, or tcp-timestamps: tcp with the option of RFC 7323")
        ->check(CLI::IsMember({"udp", "tcp", "tcp-timestamps"}))
        ->capture_default_str();
    app.add_flag("--duplicate", scenario.duplicate,
                 "an ingress sends each packet over two paths, an egress gets it twice");
    app.add_flag("--naps", scenario.naps, "the lcore naps when it is idle");
}

// Whether the rig can do what the words ask for.
Result<void> check_scenario(const Scenario& out) {
    if (out.forgery != Forgery::none && (!out.sealed || !gets_overlay(out.role))) {
        return fail("izar-perf-forward: --forgery needs --security aes-gcm and a role that gets overlay packets");
    }
    if (out.links != 1 && out.role != Role::relay) {
        return fail("izar-perf-forward: only a relay has more than one link");
    }
    if (out.ports == PortKind::pcap && (out.sealed || copies_in(out) != 1 || out.flows > kMostReplayed)) {
        return fail(
            fmt::format("izar-perf-forward: net_pcap plays the same packets again, which security and second copies "
                        "forbid, and holds at most {} of them",
                        kMostReplayed));
    }
    if (out.protocol == IpProtocol::tcp &&
        (out.imix || out.frame_bytes < kLeastTcpFrame || out.ports == PortKind::pcap)) {
        return fail(
            fmt::format("izar-perf-forward: TCP needs --frame-bytes {} or more, and ports that begin flows with a SYN",
                        kLeastTcpFrame));
    }
    if (out.duplicate && out.role != Role::ingress && out.role != Role::egress) {
        return fail("izar-perf-forward: only an ingress makes second copies, and only an egress drops them");
    }
    return {};
}

Result<void> read_scenario(const Words& words, Scenario& out) {
    const auto role = role_of(words.role);
    if (!role) {
        return tl::unexpected(role.error());
    }
    const auto ports = port_kind_of(words.ports);
    if (!ports) {
        return tl::unexpected(ports.error());
    }
    const auto forgery = forgery_of(words.forgery);
    if (!forgery) {
        return tl::unexpected(forgery.error());
    }
    out.role = *role;
    out.ports = *ports;
    out.sealed = words.security == "aes-gcm";
    out.forgery = *forgery;
    out.imix = words.frame_bytes == "imix";
    if (!out.imix) {
        out.frame_bytes = static_cast<std::uint16_t>(std::stoul(words.frame_bytes));
    }
    out.protocol = words.protocol == "udp" ? IpProtocol::udp : IpProtocol::tcp;
    out.timestamps = words.protocol == "tcp-timestamps";
    return check_scenario(out);
}

}  // namespace

Result<RigOptions> parse_rig_options(int argc, char** argv) {
    RigOptions out;
    Words words;
    std::int64_t trial_ms = 500;
    CLI::App app{"Measures one lcore of izar, generator on another core; prints JSON."};
    add_scenario_options(app, words, out.scenario);
    app.add_option("--runs", out.runs, "trials of each forwarder, in turn")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--trial-ms", trial_ms, "length of one trial")
        ->check(CLI::Range(20, 3'600'000))
        ->capture_default_str();
    app.add_flag("--serve", out.serve, "do the trials that lines of standard input ask for, one JSON object each");
    app.add_option("--drop-every", out.impairment.drop_every,
                   "the system 'impaired', which proves the rig, loses one packet in so many");
    app.add_option("--slow-cycles", out.impairment.cycles_per_packet, "and takes so many cycles for a packet");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        out.message = app.help();
        return out;
    } catch (const CLI::ParseError& error) {
        return fail(std::string("izar-perf-forward: ") + error.what() + "; see --help");
    }
    if (auto done = read_scenario(words, out.scenario); !done) {
        return tl::unexpected(done.error());
    }
    out.plan.duration = std::chrono::milliseconds{trial_ms};
    return out;
}

}  // namespace izar
