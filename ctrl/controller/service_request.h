// service_request.h -- A service as an operator's request describes it.
//
// Thread: the controller's.
#pragma once

#include "ctrl/controller/desired_state.h"
#include "ctrl/controller/operator_request.h"
#include "dataplane/tables/service_table.h"

namespace izar {

// The request's keys laid over `service`, which keeps what none of them says. Its VIP and origins are needed if it has
// none yet. Refuses what no service of this fleet may be; the rules of dataplane/tables/service_rules.h are the
// store's to apply.
void read_service_keys(const DesiredState& desired, OperatorRequest& request, Service& service);

}  // namespace izar
