#include "dataplane/config/edge_config.h"

#include "dataplane/config/edge_keys.h"

namespace izar {

Result<EdgeConfig> parse_edge_config(const std::string& text, const std::string& file_name,
                                     std::span<const std::string> environment) {
    EdgeConfig config;
    if (auto read = read_config(edge_keys(config), text, file_name, environment, kEdgePrefix); !read) {
        return tl::unexpected(read.error());
    }
    return config;
}

Result<EdgeConfig> load_edge_config(const std::string& path, std::span<const std::string> environment) {
    const auto text = read_config_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parse_edge_config(*text, path, environment);
}

Result<EdgeConfig> parse_edge_config(const std::string& text, const std::string& file_name) {
    return parse_edge_config(text, file_name, {});
}

Result<EdgeConfig> load_edge_config(const std::string& path) {
    return load_edge_config(path, {});
}

}  // namespace izar
