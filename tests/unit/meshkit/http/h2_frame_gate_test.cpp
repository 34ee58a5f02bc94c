#include "meshkit/http/h2_frame_gate.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "tests/unit/meshkit/http/h2_frames.h"

using namespace mesh;
using namespace mesh::http;
using namespace mesh::http::test;

namespace {

using Kind = H2FrameGate::Kind;

struct Closed final : H2FrameGate::Streams {
  bool is_closed_stream(std::int32_t id) const override { return ids.contains(id); }
  std::set<std::int32_t> ids;
};

// What passes, with "<word>" where the gate stopped, for `input` given in pieces of `step` bytes.
std::string through(H2FrameGate& gate, std::string_view input, std::size_t step) {
  std::string out;
  for (std::size_t at = 0; at < input.size(); at += step) {
    Bytes rest = as_bytes(input.substr(at, step));
    while (!rest.empty()) {
      const H2FrameGate::Piece piece = gate.next(rest);
      switch (piece.kind) {
        case Kind::pass: out.append(as_text(piece.bytes)); break;
        case Kind::hold: break;
        case Kind::bad_priority: out.append("<priority>"); break;
        case Kind::data: out.append("<data " + std::to_string(piece.stream_id) + ">"); break;
        case Kind::window_update:
          out.append("<window " + std::to_string(piece.stream_id) + " " +
                     std::to_string(piece.increment) + ">");
          break;
      }
    }
  }
  return out;
}

}  // namespace

TEST_SUITE("http/h2_frame_gate") {
  TEST_CASE("ordinary frames pass unchanged wherever they are cut") {
    const std::string input = "0123" + frame(kSettings, 0, 0, "") +
                              frame(kHeaders, 4, 1, "fields") + frame(kData, 0, 1, "body") +
                              window_update(1, 1000) + window_update(0, 0x7fffffff) +
                              priority(3, 1) + frame(kPing, 0, 0, "12345678");
    for (std::size_t step = 1; step <= input.size(); ++step) {
      Closed closed;
      H2FrameGate gate(closed, 4);
      CHECK(through(gate, input, step) == input);
    }
  }

  TEST_CASE("suspicious frames are cut out wherever they are cut") {
    const std::string before = frame(kHeaders, 4, 1, "fields");
    const std::string after = frame(kData, 1, 1, "x");
    const std::string input = before + window_update(1, 0x7fffffff) + window_update(5, 0) +
                              priority(0, 1) + priority(3, 3) + after;
    for (std::size_t step = 1; step <= input.size(); ++step) {
      Closed closed;
      H2FrameGate gate(closed, 0);
      CHECK(through(gate, input, step) ==
            before + "<window 1 2147483647><window 5 0><priority><priority>" + after);
    }
  }

  TEST_CASE("DATA of a closed stream is announced before it passes") {
    const std::string before = frame(kHeaders, 4, 5, "fields");
    const std::string data = frame(kData, 0, 3, "late");
    for (std::size_t step = 1; step <= before.size() + data.size(); ++step) {
      Closed closed;
      closed.ids = {3};
      H2FrameGate gate(closed, 0);
      CHECK(through(gate, before + data, step) == before + "<data 3>" + data);
    }
  }

  TEST_CASE("DATA behind a reset is announced, for the reset may be its own") {
    const std::string reset = frame(kResetStream, 0, 3, std::string(4, '\0'));
    const std::string data = frame(kData, 0, 3, "late");
    Closed closed;
    H2FrameGate gate(closed, 0);
    const std::string input = reset + data;
    Bytes rest = as_bytes(input);

    const H2FrameGate::Piece first = gate.next(rest);
    CHECK(first.kind == Kind::pass);
    CHECK(as_text(first.bytes) == reset);
    closed.ids = {3};  // as it is once the reset was read
    CHECK(gate.next(rest).kind == Kind::data);
    CHECK(as_text(gate.next(rest).bytes) == data);
    CHECK(rest.empty());
  }
}
