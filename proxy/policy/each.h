#pragma once
// Converting lists of messages: all elements, or the first violation and where it is.

#include <string>
#include <string_view>
#include <vector>

#include "proxy/policy/parsed.h"

namespace mesh::policy {

// `convert` gives a Parsed<T> for one message. A violation is told as "match 2: ...".
template <class T, class Messages, class Convert>
Parsed<std::vector<T>> each(const Messages& messages, std::string_view what, Convert&& convert) {
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(messages.size()));
  for (const auto& message : messages) {
    Parsed<T> value = convert(message);
    if (!value)
      return violation_in(std::string(what) + ' ' + std::to_string(values.size()), value.error());
    values.push_back(std::move(*value));
  }
  return values;
}

}  // namespace mesh::policy
