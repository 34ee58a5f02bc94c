#pragma once
// render: the numbers of all threads, added up, in the Prometheus text format 0.0.4.
//
// Families and series come in alphabetical order, families without a series not at all; the text
// ends with "# EOF", for readers of OpenMetrics. Counters wrap at 2^53, so that they stay exact as
// doubles. Pure.

#include <span>
#include <string>
#include <vector>

#include "meshkit/metrics/family.h"

namespace mesh::metrics {

// Equal series of equal families (by the address of their Description) are added.
std::vector<FamilyValues> merged(std::vector<std::vector<FamilyValues>> threads);

std::string rendered(std::span<const FamilyValues> families);

}  // namespace mesh::metrics
