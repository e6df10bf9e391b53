// full_policy.h -- A whole routing-policy.yaml with every key, for tests.
//
// Thread: a constant.
#pragma once

namespace izar {

inline constexpr char kFullPolicy[] = R"(policies:
  - name: fast
    rule: lyapunov
    loss_delay: 500ms
    weights: {delay: 2, cpu_mean: 0.5, cpu_variance: 0.25}
    margins: {absolute: 2ms, relative: 0.2}
    spread: 0.1
    relays: {max_cost: 800ms, max_cpu_percent: 85, max_price_per_gb: 0.1, max_bandwidth_percent: 70}
  - name: eu-only
    rule: rtt
    forbidden:
      nodes: [nyc, tyo]
      regions: [us-east]
    services: [web, api]
prices_per_gb:
  - {node: tyo, price: 0.09}
  - {region: us-east, price: 0.02}
last_mile: {target_cpu_percent: 70, max_moved_percent: 5}
)";

}  // namespace izar
