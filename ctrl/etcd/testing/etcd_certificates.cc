#include "ctrl/etcd/testing/etcd_certificates.h"

#include <fmt/format.h>

#include <cstdlib>

#include "dataplane/base/check.h"

namespace izar {

EtcdCertificates::EtcdCertificates() {
    make("ca", "");
    const std::string signed_by_ca = fmt::format(
        "-CA {0}/ca.crt -CAkey {0}/ca.key -addext basicConstraints=critical,CA:FALSE -addext "
        "subjectAltName=IP:127.0.0.1",
        folder_.path());
    make("server", signed_by_ca);
    make("client", signed_by_ca);
}

void EtcdCertificates::make(const std::string& name, const std::string& options) const {
    const KeyFiles files = files_of(name);
    const std::string command = fmt::format(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={} -out {} -keyout {} "
        "{} 2>/dev/null",
        name, files.certificate, files.key, options);
    CHECK(std::system(command.c_str()) == 0);
}

}  // namespace izar
