#pragma once
// apply: does what the options say, by the best method that this kernel offers.
//
// After a failure the namespace is as it was before, unless the failure says otherwise. Calls are
// safe to repeat and to run at the same time as another mesh-init.

#include <string>

#include "proxy/init/failure.h"
#include "proxy/init/options.h"

namespace mesh::init {

// Both return the line for the operator that tells what was done.
Outcome<std::string> arm(const Options& options);
// Removes what any method has left, whichever the options name.
Outcome<std::string> remove();

// The rules as text, without asking the kernel anything.
std::string dry_run(const Options& options);

}  // namespace mesh::init
