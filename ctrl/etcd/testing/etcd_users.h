// etcd_users.h -- Accounts of a real etcd, for tests of those who need one.
//
// Thread: the test's. False: etcd did not take it.
#pragma once

#include <string>

namespace izar {

// From now on only `user`, who may do everything, gets answers.
bool ask_for_users(const std::string& endpoint, const std::string& user, const std::string& password);
// The tokens that the user holds are good for nothing any more.
bool forget_tokens(const std::string& endpoint, const std::string& user, const std::string& password);

}  // namespace izar
