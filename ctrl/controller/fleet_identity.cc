#include "ctrl/controller/fleet_identity.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "ctrl/store/token.h"

namespace izar {
namespace {

constexpr std::string_view kStoreLine = "store: ";

std::string line_of(std::string_view key, const Fingerprint& print) {
    return fmt::format("{}: {}\n", key, digest_text(print));
}

Result<void> compare(std::string_view body, std::string_view line, std::string_view files) {
    if (body.find(line) != std::string_view::npos) {
        return {};
    }
    return fail(
        fmt::format("{} of the state folder are not those of the fleet that this store is of; copy them from the "
                    "controller that made the fleet, or use a store of your own",
                    files));
}

}  // namespace

Result<void> claim_fleet(Store& store, const FleetIdentity& ours, WallTime now) {
    const auto documents = store.documents();
    if (!documents) {
        return fail(documents.error().text);
    }
    const std::string authority = line_of("authority", ours.authority);
    const std::string master = line_of("link-master", ours.master);
    const auto found = std::ranges::find(*documents, kFleetIdentityDocument, &Document::name);
    if (found == documents->end()) {
        const std::string body = fmt::format("{}{:016x}\n{}{}", kStoreLine, ours.store, authority, master);
        const auto written = store.set_document(kFleetIdentityDocument, body, now);
        return written ? Result<void>{} : fail(written.error().text);
    }
    return compare(found->body, authority, "authority.crt and authority.key").and_then([&] {
        return compare(found->body, master, "the 32 bytes of link-master.key");
    });
}

Fingerprint master_fingerprint(const MasterSecret& master) {
    Fingerprint out{};
    EVP_Digest(master.data(), master.size(), out.data(), nullptr, EVP_sha256(), nullptr);
    return out;
}

std::uint64_t store_number(std::string_view body) {
    std::uint64_t out = 0;
    if (body.starts_with(kStoreLine)) {
        body.remove_prefix(kStoreLine.size());
        std::from_chars(body.data(), body.data() + body.size(), out, 16);
    }
    return out;
}

}  // namespace izar
