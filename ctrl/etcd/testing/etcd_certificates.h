// etcd_certificates.h -- What an etcd that speaks TLS and those who ask it need: files of a CA and what it signed.
//
// Thread: owned by the test that made it; the files go with it.
#pragma once

#include <string>

#include "dataplane/base/testing/temporary_folder.h"

namespace izar {

struct KeyFiles {
    std::string certificate;
    std::string key;
};

class EtcdCertificates {
  public:
    EtcdCertificates();  // with the program openssl

    std::string ca_file() const { return folder_ / "ca.crt"; }
    // Signed by the CA, for 127.0.0.1 and as a client.
    KeyFiles server() const { return files_of("server"); }
    KeyFiles client() const { return files_of("client"); }

  private:
    KeyFiles files_of(const std::string& name) const { return {folder_ / (name + ".crt"), folder_ / (name + ".key")}; }
    void make(const std::string& name, const std::string& options) const;

    TemporaryFolder folder_;
};

}  // namespace izar
