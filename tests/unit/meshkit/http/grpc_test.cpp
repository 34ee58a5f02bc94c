#include "meshkit/http/grpc.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mesh;
using namespace mesh::http;
using namespace std::chrono_literals;

namespace {

std::string framed(std::string_view message, char flag = 0) {
  std::uint8_t head[kGrpcFrameHead];
  store_grpc_frame_head(head, message.size());
  head[0] = static_cast<std::uint8_t>(flag);
  return std::string(as_text(head)) + std::string(message);
}

// All messages of `body`, given in pieces of `step` bytes.
std::vector<std::string> messages(GrpcDeframer& deframer, std::string_view body, std::size_t step) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < body.size(); at += step) {
    Bytes rest = as_bytes(body.substr(at, step));
    while (auto message = deframer.next(rest).value_or(std::nullopt))
      found.emplace_back(as_text(*message));
  }
  return found;
}

}  // namespace

TEST_SUITE("http/grpc") {
  TEST_CASE("messages come out whole wherever the body is cut") {
    BlockPool pool;
    const std::string body = framed("one") + framed("") + framed(std::string(300, 'x'));
    for (std::size_t step = 1; step <= body.size(); ++step) {
      GrpcDeframer deframer(pool);
      const auto found = messages(deframer, body, step);
      REQUIRE(found.size() == 3);
      CHECK(found[0] == "one");
      CHECK(found[1].empty());
      CHECK(found[2] == std::string(300, 'x'));
      CHECK_FALSE(deframer.is_inside_message());
    }
  }

  TEST_CASE("an unfinished message shows") {
    BlockPool pool;
    GrpcDeframer deframer(pool);
    const std::string body = framed("message");

    CHECK(messages(deframer, body.substr(0, 3), 3).empty());
    CHECK(deframer.is_inside_message());
    CHECK(messages(deframer, body.substr(3, 6), 6).empty());
    CHECK(deframer.is_inside_message());
    CHECK(messages(deframer, body.substr(9), 3).size() == 1);
    CHECK_FALSE(deframer.is_inside_message());
  }

  TEST_CASE("a message above the limit is refused before it is stored") {
    BlockPool pool;
    GrpcDeframer deframer(pool, 10);
    const std::string body = framed("eleven bytes").substr(0, 6);
    Bytes rest = as_bytes(body);
    const auto result = deframer.next(rest);

    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::limit);
  }

  TEST_CASE("a compressed message is refused") {
    BlockPool pool;
    GrpcDeframer deframer(pool);
    const std::string body = framed("x", 1);
    Bytes rest = as_bytes(body);

    CHECK(deframer.next(rest).error().code == Errc::protocol);
  }

  TEST_CASE("timeouts are read in every unit, and nothing else is") {
    CHECK(parse_grpc_timeout("100m") == 100ms);
    CHECK(parse_grpc_timeout("1S") == 1s);
    CHECK(parse_grpc_timeout("2M") == 2min);
    CHECK(parse_grpc_timeout("3H") == 3h);
    CHECK(parse_grpc_timeout("7u") == 7us);
    CHECK(parse_grpc_timeout("7n") == 7ns);
    CHECK(parse_grpc_timeout("99999999H") > 200'000h);
    for (const char* bad : {"", "S", "1", "1s", "-1S", "123456789S", "1 S", "1.5S", "1SS"})
      CHECK_FALSE(parse_grpc_timeout(bad));
  }

  TEST_CASE("timeouts are written in the finest unit that fits, rounded up") {
    char room[16];
    CHECK(format_grpc_timeout(0ns, room) == "0n");
    CHECK(format_grpc_timeout(10ms, room) == "10000000n");
    CHECK(format_grpc_timeout(100ms, room) == "100000u");
    CHECK(format_grpc_timeout(100ms + 1ns, room) == "100001u");
    CHECK(format_grpc_timeout(3h, room) == "10800000m");
    for (const Nanoseconds time : {Nanoseconds(1), Nanoseconds(999'999'999), Nanoseconds(1h)})
      CHECK(parse_grpc_timeout(format_grpc_timeout(time, room)) >= time);
  }

  TEST_CASE("status messages survive the way through a header") {
    const std::string text = "50% off: caf\xc3\xa9\r\n";
    CHECK(encode_grpc_message(text) == "50%25 off: caf%C3%A9%0D%0A");
    CHECK(decode_grpc_message(encode_grpc_message(text)) == text);
    CHECK(decode_grpc_message("100%") == "100%");
    CHECK(decode_grpc_message("%zz%4") == "%zz%4");
  }

  TEST_CASE("a status is read from trailers") {
    BlockPool pool;
    Head trailers(pool);
    CHECK_FALSE(grpc_status_of(trailers));
    (void)trailers.add(Token::kGrpcStatus, "14");
    (void)trailers.add(Token::kGrpcMessage, "no%20way");
    const auto status = grpc_status_of(trailers);
    REQUIRE(status);
    CHECK(status->code == GrpcCode::unavailable);
    CHECK(status->message == "no way");
    CHECK(parse_grpc_code("99") == GrpcCode::unknown);
    CHECK_FALSE(parse_grpc_code("x"));
    CHECK(std::string(name_of(GrpcCode::unavailable)) == "UNAVAILABLE");
  }

  TEST_CASE("only gRPC's own content types are gRPC") {
    for (const char* is : {"application/grpc", "application/grpc+proto", "application/grpc;x=y"})
      CHECK(is_grpc_content_type(is));
    for (const char* is_not : {"", "application/grpc-web", "application/json", "application/grp"})
      CHECK_FALSE(is_grpc_content_type(is_not));
  }
}
