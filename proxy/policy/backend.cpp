#include "proxy/policy/backend.h"

#include <algorithm>

namespace mesh::policy {
namespace {

std::string number(Nanoseconds duration) { return ' ' + std::to_string(duration.count()); }

struct KeyOf {
  std::string operator()(const Nowhere&) const { return "nowhere"; }
  std::string operator()(const Endpoint& endpoint) const {
    std::string key = "forward " + endpoint.text();
    for (const Label& label : endpoint.labels.all()) key += ' ' + label.name + '=' + label.value;
    return key;
  }
  std::string operator()(const Balanced& balanced) const {
    std::string key = "balance " + balanced.destination.text();
    key += number(balanced.ewma.default_rtt) + number(balanced.ewma.decay);
    if (balanced.penalty)
      key += number(balanced.penalty->penalty) + number(balanced.penalty->max_retry_after);
    return key;
  }
};

}  // namespace

std::string Backend::key() const { return std::visit(KeyOf{}, target) + " of " + meta.text(); }

BackendTable::Index BackendTable::index_of(Backend backend) {
  std::string key = backend.key();
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [&](const Entry& entry) { return entry.key == key; });
  const auto index = static_cast<Index>(at - entries_.begin());
  if (at == entries_.end()) entries_.push_back(Entry{std::move(key), std::move(backend)});
  return index;
}

void BackendTable::replace(Index index, Backend backend) {
  std::string key = backend.key();
  entries_[index] = Entry{std::move(key), std::move(backend)};
}

}  // namespace mesh::policy
