// service_request.h -- A service as an operator's request describes it.
//
// Thread: the controller's.
#pragma once

#include "ctrl/controller/desired_state.h"
#include "ctrl/controller/operator_request.h"
#include "ctrl/store/records.h"

namespace izar {

// The request's keys laid over `record`, which keeps what none of them says. Its VIP and origins are needed if it has
// none yet. Refuses nodes that are not there; what a service may be is the store's to say.
void read_service_keys(const DesiredState& desired, OperatorRequest& request, ServiceRecord& record);

}  // namespace izar
