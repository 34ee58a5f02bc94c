#include "proxy/policy/filters_from_api.h"

#include <doctest/doctest.h>

using namespace mesh::policy;

namespace {

using OutboundFilter = pb::outbound::HttpRoute::Filter;

// The filter of kind T that a message becomes; fails the test if it becomes none.
template <class T, class Message>
T read(const Message& message) {
  const auto filter = filter_from(message);
  REQUIRE(filter.has_value());
  REQUIRE(std::holds_alternative<T>(*filter));
  return std::get<T>(*filter);
}

template <class Message>
bool is_refused(const Message& message) {
  return !filter_from(message).has_value();
}

void add_field(pb::http_types::Headers& message, const char* name, const char* value) {
  message.add_headers()->set_name(name);
  message.mutable_headers(message.headers_size() - 1)->set_value(value);
}

}  // namespace

TEST_SUITE("policy/filters_from_api") {
  TEST_CASE("injects HTTP failures, always unless a ratio is given") {
    OutboundFilter message;
    auto& failure = *message.mutable_failure_injector();
    failure.set_status(503);
    failure.set_message("later");
    CHECK(read<InjectHttpFailure>(message).status == 503);
    CHECK(read<InjectHttpFailure>(message).message == "later");
    CHECK(read<InjectHttpFailure>(message).ratio == Ratio{1, 1});

    failure.mutable_ratio()->set_numerator(1);
    failure.mutable_ratio()->set_denominator(4);
    CHECK(read<InjectHttpFailure>(message).ratio == Ratio{1, 4});
  }

  TEST_CASE("refuses failures with impossible statuses or ratios") {
    OutboundFilter message;
    auto& failure = *message.mutable_failure_injector();
    for (const std::uint32_t status : {0u, 99u, 1000u}) {
      failure.set_status(status);
      CHECK(is_refused(message));
    }
    failure.set_status(500);
    failure.mutable_ratio();
    CHECK(is_refused(message));
    failure.mutable_ratio()->set_numerator(2);
    failure.mutable_ratio()->set_denominator(1);
    CHECK(is_refused(message));
    failure.mutable_ratio()->set_numerator(0);
    CHECK_FALSE(is_refused(message));
  }

  TEST_CASE("injects gRPC failures with codes of 16 bits") {
    pb::outbound::GrpcRoute::Filter message;
    message.mutable_failure_injector()->set_code(14);
    CHECK(read<InjectGrpcFailure>(message).code == 14);
    message.mutable_failure_injector()->set_code(65'536);
    CHECK(is_refused(message));
  }

  TEST_CASE("edits fields, with names in lower case") {
    OutboundFilter message;
    auto& edit = *message.mutable_request_header_modifier();
    add_field(*edit.mutable_add(), "X-A", "1");
    add_field(*edit.mutable_set(), "X-B", "2");
    edit.add_remove("X-C");
    const auto edits = read<EditRequest>(message).edits;

    CHECK(edits.add == std::vector<std::pair<std::string, std::string>>{{"x-a", "1"}});
    CHECK(edits.set == std::vector<std::pair<std::string, std::string>>{{"x-b", "2"}});
    CHECK(edits.remove == std::vector<std::string>{"x-c"});
  }

  TEST_CASE("edits responses of outbound HTTP routes") {
    OutboundFilter message;
    message.mutable_response_header_modifier()->add_remove("server");
    CHECK(read<EditResponse>(message).edits.remove.at(0) == "server");
  }

  TEST_CASE("refuses edits that would break a message apart") {
    OutboundFilter message;
    auto& edit = *message.mutable_request_header_modifier();
    add_field(*edit.mutable_add(), "x", "a\r\nb: c");
    CHECK(is_refused(message));
    edit.Clear();
    add_field(*edit.mutable_set(), "x y", "1");
    CHECK(is_refused(message));
    edit.Clear();
    edit.add_remove("");
    CHECK(is_refused(message));
  }

  TEST_CASE("redirects with what is given") {
    OutboundFilter message;
    auto& redirect = *message.mutable_redirect();
    CHECK(read<Redirect>(message).status == 301);
    redirect.mutable_scheme()->set_registered(pb::http_types::Scheme::HTTPS);
    redirect.set_host("web.example.com:8443");
    redirect.set_port(443);
    redirect.set_status(308);
    redirect.mutable_path()->set_prefix("/v2");
    const auto filter = read<Redirect>(message);

    CHECK(filter.scheme == "https");
    CHECK(filter.host == "web.example.com:8443");
    CHECK(filter.port == 443);
    CHECK(filter.status == 308);
    CHECK(filter.path->part == PathReplacement::Part::prefix);
    CHECK(filter.path->with == "/v2");
  }

  TEST_CASE("refuses redirects to nowhere") {
    const auto with = [](auto&& change) {
      OutboundFilter message;
      change(*message.mutable_redirect());
      return message;
    };
    using R = pb::http_route::RequestRedirect;

    CHECK(is_refused(with([](R& r) { r.mutable_scheme(); })));
    CHECK(is_refused(with([](R& r) { r.set_host("a b"); })));
    CHECK(is_refused(with([](R& r) { r.set_port(65'536); })));
    CHECK(is_refused(with([](R& r) { r.set_status(99); })));
    CHECK(is_refused(with([](R& r) { r.mutable_path(); })));
    CHECK(is_refused(with([](R& r) { r.mutable_path()->set_full("a"); })));
    CHECK_FALSE(is_refused(with([](R& r) { r.mutable_path()->set_full("/a"); })));
  }

  TEST_CASE("outbound refuses filters of no kind, inbound keeps them for the request to fail") {
    CHECK(is_refused(OutboundFilter()));
    CHECK(is_refused(pb::outbound::GrpcRoute::Filter()));
    CHECK(is_refused(pb::outbound::OpaqueRoute::Filter()));
    CHECK(is_refused(pb::outbound::TlsRoute::Filter()));
    read<UnknownFilter>(pb::inbound::HttpRoute::Filter());
    read<UnknownFilter>(pb::inbound::GrpcRoute::Filter());
  }

  TEST_CASE("inbound routes have the same filters but for responses") {
    pb::inbound::HttpRoute::Filter message;
    message.mutable_failure_injector()->set_status(418);
    CHECK(read<InjectHttpFailure>(message).status == 418);
    message.mutable_redirect();
    CHECK(read<Redirect>(message).status == 301);
    message.mutable_request_header_modifier()->add_remove("x");
    CHECK(read<EditRequest>(message).edits.remove.size() == 1);

    pb::inbound::GrpcRoute::Filter call;
    call.mutable_failure_injector()->set_code(7);
    CHECK(read<InjectGrpcFailure>(call).code == 7);
  }

  TEST_CASE("TLS routes reject connections") {
    pb::outbound::TlsRoute::Filter message;
    message.mutable_forbidden();
    read<RejectForbidden>(message);
    message.mutable_invalid()->set_message("no");
    CHECK(read<RejectInvalid>(message).message == "no");
  }
}
