#pragma once
// Method: the ways to arm, and which to try when one does not work. Pure.
//
// In order of preference: nf_tables, nf_tables without the part that tells traffic passing through
// (see Passing), then the same two by way of the iptables programs. A method is followed by another
// only when the kernel lacks something; a failure for any other reason is final, since the next
// method would hide it.

#include <cstdint>
#include <optional>

#include "proxy/init/failure.h"
#include "proxy/init/options.h"
#include "proxy/init/redirect.h"

namespace mesh::init {

struct Method {
  Backend backend = Backend::nftables;  // never automatic
  Passing passing = Passing::left_alone;

  friend bool operator==(const Method&, const Method&) = default;
};

Method first_method(Backend asked) noexcept;

// What to try after `tried` has failed; nothing when the failure is final.
std::optional<Method> next_method(const Method& tried, const Failure& failure, Backend asked);

}  // namespace mesh::init
