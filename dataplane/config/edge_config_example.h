// edge_config_example.h -- A whole edge.yaml with every key, for the tests of this folder.
//
// Thread: a constant.
#pragma once

namespace izar {

// A whole file with every key.
// Its values all differ from the defaults.
inline constexpr char kFullEdgeYaml[] = R"(node: {id: 1, name: ams}
security: aes-gcm
idle: spin
lcores: 2
control_socket: /run/izar/ams/control.sock
memory: {flows: 65536, flows_ipv6: 32768, packet_buffers: 8192}
ports:
  - name: wan
    device: "net_af_packet,iface=wan0"
    mtu: 1450
    addresses: [10.77.0.1/24, "fd77::1/64"]
    gateways: [10.77.0.254]
    exception_tap: izarwan
  - name: lan
    device: "net_af_packet,iface=lan0"
    addresses: [10.1.0.1/24, 10.1.0.2/24, "fd01::1/64"]
overlay: {port: wan}
egress_addresses: [10.1.0.2, "fd01::1"]
links: {interval: 20ms, multiplier: 4, capacity_mbit_per_s: 500}
hysteresis: {absolute: 2.5ms, relative: 0.25}
nodes:
  - {id: 1, name: ams, region: eu-west, address: 10.77.0.1}
  - {id: 2, name: par, region: eu-west, address: 10.77.0.2}
services:
  - id: 100
    name: web
    vip: 10.99.0.80
    protocol: tcp
    ports: 80
    egress: [par, {node: ams, weight: 2}]
    origins:
      - {address: 10.2.0.10, port: 8080, weight: 3}
      - {address: 10.2.0.11}
    timeouts: {tcp_opening: 5s, tcp_established: 20m, tcp_closing: 40s, udp: 50s, icmp: 6s}
  - id: 101
    name: games
    vip: "fd99::1"
    protocol: udp
    ports: 8000-8099
    egress: [par]
    origins: [{address: "fd02::10"}]
  - id: 102
    name: echo
    vip: 10.99.0.80
    protocol: icmp
    egress: [par]
    origins: [{address: 10.2.0.10}]
    duplicate: true
secrets: {file: /etc/izar/secrets}
stamp: {peers: [10.77.0.2, "fd77::2"], nodes: true}
policy: /etc/izar/routing-policy.yaml
probes:
  - {peer: 10.77.0.9, port: 8620, interval: 250ms, count: 100}
  - {peer: "fd77::9"}
)";

}  // namespace izar
