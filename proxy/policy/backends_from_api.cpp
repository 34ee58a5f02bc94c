#include "proxy/policy/backends_from_api.h"

#include <google/protobuf/duration.pb.h>

#include <algorithm>
#include <limits>

#include "proxy/policy/endpoint_from_api.h"
#include "proxy/policy/values_from_api.h"

namespace mesh::policy {
namespace {

// A decay of nothing would divide by it; the shortest one forgets as fast.
constexpr Nanoseconds kShortestDecay(1);

// PeakEwma requires both durations, PenaltyPeakEwma has defaults for all.
Parsed<balance::EwmaParameters> ewma_from(const google::protobuf::Duration& default_rtt,
                                          const google::protobuf::Duration& decay) {
  const auto rtt = duration_from(default_rtt);
  if (!rtt) return violation_in("default_rtt", rtt.error());
  const auto window = duration_from(decay);
  if (!window) return violation_in("decay", window.error());
  return balance::EwmaParameters{*rtt, std::max(*window, kShortestDecay)};
}

Parsed<Nanoseconds> duration_or(bool present, const google::protobuf::Duration& message,
                                Nanoseconds fallback) {
  return present ? duration_from(message) : Parsed<Nanoseconds>(fallback);
}

Parsed<Balanced> with_penalty(const pb::outbound::Backend::BalanceP2c::PenaltyPeakEwma& message,
                              Balanced balanced) {
  const OverloadPenalty usual;
  const auto rtt =
      duration_or(message.has_default_rtt(), message.default_rtt(), balanced.ewma.default_rtt);
  const auto decay = duration_or(message.has_decay(), message.decay(), balanced.ewma.decay);
  const auto added = duration_or(message.has_penalty(), message.penalty(), usual.penalty);
  const auto cap =
      duration_or(message.has_max_retry_after(), message.max_retry_after(), usual.max_retry_after);
  const auto unused = duration_or(message.has_penalty_decay(), message.penalty_decay(), {});
  for (const auto* duration : {&rtt, &decay, &added, &cap, &unused})
    if (!*duration) return violation_in("penalty_peak_ewma", duration->error());
  balanced.ewma = {*rtt, std::max(*decay, kShortestDecay)};
  balanced.penalty = OverloadPenalty{*added, *cap};
  return balanced;
}

Parsed<Balanced> balanced_from(const pb::outbound::Backend::BalanceP2c& message) {
  using Load = pb::outbound::Backend::BalanceP2c;
  if (!message.discovery().has_dst()) return violation("balancer without discovery");
  auto destination = parse_name_and_port(message.discovery().dst().path());
  if (!destination) return violation("destination is not of the form name:port");
  Balanced balanced;
  balanced.destination = std::move(*destination);
  switch (message.load_case()) {
    case Load::kPeakEwma: {
      const auto& load = message.peak_ewma();
      if (!load.has_default_rtt() || !load.has_decay())
        return violation("peak_ewma without default_rtt or decay");
      const auto ewma = ewma_from(load.default_rtt(), load.decay());
      if (!ewma) return violation_in("peak_ewma", ewma.error());
      balanced.ewma = *ewma;
      return balanced;
    }
    case Load::kPenaltyPeakEwma:
      return with_penalty(message.penalty_peak_ewma(), std::move(balanced));
    case Load::LOAD_NOT_SET: break;
  }
  return violation("balancer without a load measure");
}

Parsed<Queue> queue_from(const pb::outbound::Backend& message) {
  if (!message.has_queue()) return violation("no queue");
  if (!message.queue().has_failfast_timeout()) return violation("queue without failfast_timeout");
  const auto failfast = duration_from(message.queue().failfast_timeout());
  if (!failfast) return violation_in("failfast_timeout", failfast.error());
  return Queue{message.queue().capacity(), *failfast};
}

// Everything of a backend that has its metadata.
Parsed<Backend> complete(const pb::outbound::Backend& message, Backend backend) {
  using Kind = pb::outbound::Backend;
  const auto queue = queue_from(message);
  if (!queue) return tl::unexpected(queue.error());
  backend.queue = *queue;
  switch (message.kind_case()) {
    case Kind::kForward: {
      auto endpoint = endpoint_from(message.forward());
      if (!endpoint) return violation("forward to no address or to port 0");
      backend.target = std::move(*endpoint);
      return backend;
    }
    case Kind::kBalancer: {
      auto balanced = balanced_from(message.balancer());
      if (!balanced) return tl::unexpected(balanced.error());
      backend.target = std::move(*balanced);
      return backend;
    }
    case Kind::KIND_NOT_SET: break;
  }
  return backend;
}

}  // namespace

Parsed<Backend> backend_from(const pb::outbound::Backend& message) {
  auto meta = strict_meta_from(message.metadata());
  if (!meta) return tl::unexpected(meta.error());
  const std::string name = meta->text();
  auto backend = complete(message, Backend{std::move(*meta), {}, {}});
  if (!backend) return violation_in(name, backend.error());
  return backend;
}

Parsed<Distribution> weighted(std::vector<BackendChoice> choices) {
  if (choices.empty()) return violation("no backend to choose from");
  if (choices.size() == 1) choices.front().weight = 1;
  std::uint64_t total = 0;
  for (const BackendChoice& choice : choices) total += choice.weight;
  if (total == 0) return violation("weights are all 0");
  if (total > std::numeric_limits<std::uint32_t>::max()) return violation("weights are too large");
  return Distribution{Distribution::Kind::random, std::move(choices),
                      static_cast<std::uint32_t>(total)};
}

}  // namespace mesh::policy
