#include "meshkit/net/resolver.h"

#include <ares.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <utility>

#include "meshkit/base/slab.h"
#include "meshkit/net/resolver_channel.h"

namespace mesh::net {
namespace {

using std::chrono::seconds;

Error error_from_ares(int status) noexcept {
  switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_ENONAME: return {Errc::not_found, "resolve", 0};
    case ARES_EBADNAME: return {Errc::invalid, "resolve", 0};
    case ARES_ETIMEOUT: return {Errc::timed_out, "resolve", 0};
    case ARES_ECONNREFUSED:
    case ARES_EREFUSED:
    case ARES_ESERVFAIL:
    case ARES_ENOSERVER: return {Errc::unavailable, "resolve", 0};
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION: return {Errc::canceled, "resolve", 0};
    default: return {Errc::protocol, "resolve", 0};
  }
}

Resolution failed(int status) {
  Resolution answer;
  answer.status = fail(error_from_ares(status));
  return answer;
}

// RFC 2308: the lesser of the SOA record's own TTL and its MINIMUM field.
std::optional<seconds> negative_ttl(const ares_dns_record_t* record) {
  if (record == nullptr) return std::nullopt;
  const std::size_t count = ares_dns_record_rr_cnt(record, ARES_SECTION_AUTHORITY);
  for (std::size_t i = 0; i < count; ++i) {
    const ares_dns_rr_t* rr = ares_dns_record_rr_get_const(record, ARES_SECTION_AUTHORITY, i);
    if (ares_dns_rr_get_type(rr) != ARES_REC_TYPE_SOA) continue;
    return seconds(std::min(ares_dns_rr_get_ttl(rr), ares_dns_rr_get_u32(rr, ARES_RR_SOA_MINIMUM)));
  }
  return std::nullopt;
}

Resolution read_services(const ares_dns_record_t* record) {
  Resolution answer;
  answer.kind = RecordKind::services;
  const std::size_t count = ares_dns_record_rr_cnt(record, ARES_SECTION_ANSWER);
  for (std::size_t i = 0; i < count; ++i) {
    const ares_dns_rr_t* rr = ares_dns_record_rr_get_const(record, ARES_SECTION_ANSWER, i);
    const seconds ttl(ares_dns_rr_get_ttl(rr));  // of an alias (CNAME) too
    answer.valid_for = std::min(answer.valid_for.value_or(ttl), ttl);
    if (ares_dns_rr_get_type(rr) != ARES_REC_TYPE_SRV) continue;
    const auto ip = ip_from_service_target(ares_dns_rr_get_str(rr, ARES_RR_SRV_TARGET));
    const std::uint16_t port = ares_dns_rr_get_u16(rr, ARES_RR_SRV_PORT);
    if (ip && port != 0) answer.addresses.emplace_back(*ip, port);
  }
  if (answer.addresses.empty()) return failed(ARES_ENODATA);
  return answer;
}

Resolution read_addresses(const ares_addrinfo* info, std::uint16_t port) {
  Resolution answer;
  for (const auto* node = info->nodes; node != nullptr; node = node->ai_next) {
    const seconds ttl(std::max(node->ai_ttl, 0));
    answer.valid_for = std::min(answer.valid_for.value_or(ttl), ttl);
    if (const auto address = SocketAddress::from_sockaddr(node->ai_addr))
      answer.addresses.push_back(address->with_port(port));
  }
  if (answer.addresses.empty()) return failed(ARES_ENODATA);
  return answer;
}

bool is_absolute(std::string_view host) noexcept { return host.ends_with('.'); }

// c-ares answers "localhost" by itself (RFC 6761) but asks servers for "localhost.".
std::string name_for_addresses(const std::string& host) {
  if (::strcasecmp(host.c_str(), "localhost.") == 0) return "localhost";
  return host;
}

}  // namespace

std::optional<IpAddress> ip_from_service_target(std::string_view target) noexcept {
  const std::string_view label = target.substr(0, target.find('.'));
  std::array<char, 48> text;
  if (label.size() > text.size()) return std::nullopt;
  for (const char separator : {'.', ':'}) {
    const auto end = std::replace_copy(label.begin(), label.end(), text.begin(), '-', separator);
    const auto size = static_cast<std::size_t>(end - text.begin());
    if (const auto ip = IpAddress::parse({text.data(), size})) return ip;
  }
  return std::nullopt;
}

Resolver::Resolver(Loop& loop, const ResolverOptions& options)
    : loop_(loop),
      min_ttl_(options.min_ttl),
      max_ttl_(options.max_ttl),
      channel_(std::make_unique<ResolverChannel>(loop, options)) {}

Resolver::~Resolver() = default;

seconds Resolver::valid_for(seconds ttl) const noexcept {
  if (min_ttl_) ttl = std::max(ttl, *min_ttl_);
  if (max_ttl_) ttl = std::min(ttl, *max_ttl_);
  return std::max(ttl, kShortestTtl);
}

// c-ares cannot take back one question, so the question outlives its Lookup until it is answered.
struct Lookup::Question {
  Lookup* lookup;  // null once that has died
  Slab<Question> slab;

  static Question* make(Lookup& lookup) {
    Slab<Question> slab(lookup.resolver_.loop_.pool());
    ++lookup.resolver_.asking_;
    return slab.create(Question{&lookup, slab});
  }

  // Ends the question; returns who asked.
  static Lookup* end(void* argument) noexcept {
    auto* question = static_cast<Question*>(argument);
    Lookup* lookup = question->lookup;
    Slab<Question> slab = question->slab;
    slab.destroy(question);
    if (lookup == nullptr) return nullptr;
    lookup->question_ = nullptr;
    --lookup->resolver_.asking_;
    return lookup;
  }

  static void on_services(void* question, ares_status_t status, std::size_t,
                          const ares_dns_record_t* record) noexcept {
    Lookup* lookup = end(question);
    if (lookup == nullptr) return;
    Resolution answer = status == ARES_SUCCESS ? read_services(record) : failed(status);
    if (!answer.status) answer.valid_for = negative_ttl(record);
    lookup->on_services(std::move(answer));
  }

  static void on_addresses(void* question, int status, int, ares_addrinfo* info) noexcept {
    if (Lookup* lookup = end(question)) {
      lookup->on_addresses(status == ARES_SUCCESS ? read_addresses(info, lookup->port_)
                                                  : failed(status));
    }
    ares_freeaddrinfo(info);
  }
};

Lookup::Lookup(Resolver& resolver, std::string_view host, std::uint16_t port, LookupKind kind,
               Done done)
    : resolver_(resolver), host_(host), port_(port), kind_(kind), done_(std::move(done)) {
  if (const auto ip = IpAddress::parse(host)) {
    answer_.addresses.emplace_back(*ip, port);
    answer_.valid_for = std::chrono::hours(24);
    resolver.loop_.flush_later(*this);
  } else if (kind == LookupKind::addresses) {
    ask_for_addresses();
  } else {
    ask_for_services();
  }
}

Lookup::~Lookup() {
  if (question_ == nullptr) return;
  question_->lookup = nullptr;
  // Nobody waits any more: let go of sockets and timers.
  if (--resolver_.asking_ == 0) resolver_.channel_->cancel_all();
}

// A search along the domains of resolv.conf hides the answers that it was given, and with them the
// negative TTL.
void Lookup::ask_for_services() {
  question_ = Question::make(*this);
  ares_channel_t* channel = resolver_.channel_->raw();
  if (is_absolute(host_)) {
    ares_query_dnsrec(channel, host_.c_str(), ARES_CLASS_IN, ARES_REC_TYPE_SRV,
                      &Question::on_services, question_, nullptr);
  } else {
    ares_dns_record_t* query = nullptr;
    ares_status_t status =
        ares_dns_record_create(&query, 0, ARES_FLAG_RD, ARES_OPCODE_QUERY, ARES_RCODE_NOERROR);
    if (status == ARES_SUCCESS)
      status = ares_dns_record_query_add(query, host_.c_str(), ARES_REC_TYPE_SRV, ARES_CLASS_IN);
    if (status == ARES_SUCCESS) {
      ares_search_dnsrec(channel, query, &Question::on_services, question_);
    } else {
      Question::on_services(question_, status, 0, nullptr);
    }
    ares_dns_record_destroy(query);
  }
  resolver_.channel_->wait_for_timeout();
}

void Lookup::ask_for_addresses() {
  question_ = Question::make(*this);
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;  // all are used, so their order does not matter
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(resolver_.channel_->raw(), name_for_addresses(host_).c_str(), nullptr, &hints,
                   &Question::on_addresses, question_);
  resolver_.channel_->wait_for_timeout();
}

void Lookup::on_services(Resolution answer) {
  if (answer.status || kind_ == LookupKind::services) return finish(std::move(answer));
  negative_ttl_ = answer.valid_for;
  ask_for_addresses();
}

void Lookup::on_addresses(Resolution answer) {
  if (!answer.status) answer.valid_for = negative_ttl_;
  finish(std::move(answer));
}

// c-ares may be on the stack, and the caller's constructor too: the answer leaves at the end of the
// turn.
void Lookup::finish(Resolution answer) {
  if (answer.valid_for) answer.valid_for = resolver_.valid_for(*answer.valid_for);
  answer_ = std::move(answer);
  resolver_.loop_.flush_later(*this);
}

void Lookup::flush() {
  Done done = std::move(done_);
  done(std::move(answer_));
}

}  // namespace mesh::net
