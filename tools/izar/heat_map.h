// heat_map.h -- The mesh of links as a map: a line a node, a column a node, RTT in each cell.
//
// Lossy links carry a '!', dead ones say "down", links that nobody measured are blank. Where a column of numbers a node
// does not fit the width, a cell is one sign, its class of RTT; where that does not fit either, the columns stand in
// several blocks below each other.
//
// Thread: pure functions.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace izar {

struct HeatStyle {
    bool colours = false;    // escapes of ECMA-48, the 256 colours of xterm
    std::size_t width = 80;  // of the terminal, columns
};

inline constexpr double kLossyFrom = 0.01;  // of a link's packets

// `links`, `nodes`: rows of the answers to "links" and "nodes" (docs/control-plane.md). Only nodes with a link stand in
// the map, in order of region and id; one that `nodes` lacks stands by its id.
std::string heat_map(const nlohmann::json& links, const nlohmann::json& nodes, const HeatStyle& style);

}  // namespace izar
