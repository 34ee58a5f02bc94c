#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/recorder.h"
#include "tests/unit/meshkit/http/h2_frames.h"
#include "tests/unit/meshkit/http/h2_pair.h"

using namespace mesh;
using namespace mesh::http;
using namespace mesh::http::test;

namespace {

// A server of ours, and a peer that says whatever bytes the test wants.
struct Attack {
  explicit Attack(const H2Settings& settings = {},
                  const std::string& greeting = preface() + frame(kSettings, kAck, 0, ""))
      : context(loop, H2Role::server, settings), pipe(loop), server(context, pipe.server, owner) {
    pipe.client.start(seen);
    server.start();
    say(greeting);
    settle();
  }
  void say(std::string_view bytes) { pipe.client.write(as_bytes(bytes)); }
  void settle() { loop.settle(); }

  // The last frame of that type that the server sent.
  std::optional<SeenFrame> last(std::uint8_t type) const {
    std::optional<SeenFrame> found;
    each_frame(seen.received, [&](const SeenFrame& frame) {
      if (frame.type == type) found = frame;
    });
    return found;
  }
  // Of the GOAWAY; 0xffff when there was none.
  std::uint32_t goaway_code() const {
    const auto frame = last(kGoaway);
    return frame ? frame->number(4) : 0xffff;
  }
  bool was_told(std::string_view reason) const {
    return std::find(owner.malformed.begin(), owner.malformed.end(), reason) !=
           owner.malformed.end();
  }
  void expect_calm_down(std::string_view reason) {
    settle();
    CHECK(goaway_code() == 0xb);
    CHECK(was_told(reason));
    CHECK(seen.ended);  // nothing more is sent to it, nor read from it
  }

  mesh::test::TestLoop loop;
  H2Context context;
  mesh::test::MemoryStreamPair pipe;
  mesh::test::Recorder seen;
  Owner owner;
  H2Server server;
};

std::string repeated(int times, std::string_view bytes) {
  std::string out;
  for (int i = 0; i < times; ++i) out.append(bytes);
  return out;
}

}  // namespace

TEST_SUITE("http/h2_abuse") {
  TEST_CASE("rapid reset ends the connection and leaves no exchange behind") {
    Attack attack;
    std::string bytes;
    for (std::uint32_t id = 1; id < 2 * 1100; id += 2) bytes += get(id) + reset_stream(id);
    attack.say(bytes);
    attack.expect_calm_down("rapid_reset");

    CHECK(attack.server.open_exchanges() == 0);
  }

  TEST_CASE("resets provoked by mistakes end the connection") {
    Attack attack;
    std::string bytes;
    for (std::uint32_t id = 1; id < 2 * 1100; id += 2) bytes += get(id) + window_update(id, 0);
    attack.say(bytes);
    attack.expect_calm_down("provoked_resets");

    CHECK(attack.server.open_exchanges() == 0);
  }

  TEST_CASE("floods of frames that carry nothing end the connection") {
    const struct {
      std::string bytes;
      const char* reason;
    } kFloods[] = {
        {frame(kPing, 0, 0, "12345678"), "ping_flood"},
        {frame(kPing, kAck, 0, "12345678"), "ping_flood"},
        {frame(kSettings, 0, 0, ""), "settings_flood"},
        {priority(3, 1), "priority_flood"},
        {window_update(0, 1), "window_update_flood"},
        {reset_stream(1), "reset_flood"},
    };
    for (const auto& [bytes, reason] : kFloods) {
      CAPTURE(reason);
      Attack attack;
      attack.say(get(1));
      attack.say(repeated(2500, bytes));
      attack.expect_calm_down(reason);
    }
  }

  TEST_CASE("frames of unknown types are ignored, within limits") {
    Attack attack;
    const std::string unknown = frame(0xfa, 0, 0, "what?");
    attack.say(repeated(100, unknown) + get(1));
    attack.settle();
    CHECK(attack.owner.requests.size() == 1);
    attack.say(repeated(25'000, unknown));
    attack.expect_calm_down("h2_glitches");
  }

  TEST_CASE("empty DATA frames end the connection") {
    Attack attack;
    attack.say(frame(kHeaders, kEndHeaders, 1, get_fields()) +
               repeated(2500, frame(kData, 0, 1, "")));
    attack.expect_calm_down("empty_data_flood");

    CHECK(attack.owner.requests.at(0).log == "head reset closed");
  }

  TEST_CASE("a head in endless pieces ends the connection") {
    Attack attack;
    attack.say(frame(kHeaders, 0, 1, get_fields()) +
               repeated(100, frame(kContinuation, 0, 1, field("x", "y"))));
    attack.expect_calm_down("continuation_flood");

    CHECK(attack.owner.requests.empty());
  }

  TEST_CASE("a head that does not come to its end ends the connection") {
    Attack attack;
    attack.say(frame(kHeaders, 0, 1, get_fields()));
    attack.settle();
    CHECK(attack.server.session().reset_stalled(std::chrono::hours(1)) == 0);
    CHECK_FALSE(attack.last(kGoaway));
    CHECK(attack.server.session().reset_stalled(Nanoseconds(1)) == 0);
    attack.expect_calm_down("slow_head");
  }

  TEST_CASE("a head that unpacks to megabytes ends the connection") {
    Attack attack;
    // Indexed for later, then named again and again by one byte each.
    std::string indexed = "\x40\x01x";
    indexed += "\x7f\x81\x16";  // 127 + 2817: 2944 bytes
    indexed += std::string(2944, 'v');
    attack.say(
        frame(kHeaders, kEndHeaders, 1, get_fields() + indexed + std::string(10'000, '\xbe')));
    attack.expect_calm_down("header_bomb");

    CHECK(attack.owner.requests.empty());
  }

  TEST_CASE("replies that nobody reads are bounded") {
    H2Settings settings;
    settings.limits.idle_frame_burst = 1'000'000;
    Attack attack(settings);
    attack.pipe.client.pause();
    attack.pipe.server.set_capacity(0);
    std::string large(300'000, 'x');
    attack.say(get(1));
    attack.settle();
    Peer& peer = attack.owner.requests.at(0);
    attack.say(window_update(0, 1'000'000) + window_update(1, 1'000'000));
    attack.settle();
    peer.stream->send_head(response_head(attack.loop), false);
    peer.stream->send_body(as_bytes(large));
    attack.settle();
    const std::size_t before = attack.loop->pool().bytes_in_use();
    attack.say(repeated(50'000, frame(kPing, 0, 0, "12345678")));
    attack.settle();

    CHECK(attack.was_told("unread_replies"));
    CHECK(attack.loop->pool().bytes_in_use() < before + 1'000'000);
  }

  TEST_CASE("one malformed request does not harm the others") {
    Attack attack;
    attack.say(get(1));
    attack.say(frame(kHeaders, kEndStream | kEndHeaders, 3, get_fields() + field("X-Bad", "1")));
    attack.say(get(5));
    attack.settle();

    CHECK(attack.was_told("uppercase_name"));
    CHECK(attack.last(kResetStream)->stream == 3);
    CHECK(attack.last(kResetStream)->number(0) == 0x1);
    CHECK_FALSE(attack.last(kGoaway));
    CHECK(attack.owner.requests.size() == 2);
    CHECK(attack.server.open_exchanges() == 2);
  }

  TEST_CASE("a head above the limit is answered 431 and the connection goes on") {
    H2Settings settings;
    settings.max_head = 2000;
    Attack attack(settings);
    std::string fields = get_fields();
    for (int i = 0; i < 20; ++i) fields += field("x-filler", std::string(100, 'f'));
    attack.say(frame(kHeaders, kEndHeaders, 1, fields));  // its body is still to come
    attack.settle();
    CHECK(attack.was_told("head_too_large"));
    CHECK(attack.last(kHeaders)->stream == 1);
    CHECK(attack.last(kHeaders)->payload.find("431") != std::string::npos);
    CHECK(attack.last(kResetStream)->number(0) == 0x0);

    attack.say(get(3));
    attack.settle();

    CHECK(attack.owner.requests.size() == 1);
    CHECK_FALSE(attack.last(kGoaway));
  }

  TEST_CASE("a body longer or shorter than announced breaks its exchange") {
    Attack attack;
    const std::string fields = get_fields() + field("content-length", "3");
    attack.say(frame(kHeaders, kEndHeaders, 1, fields) + frame(kData, 0, 1, "four"));
    attack.say(frame(kHeaders, kEndHeaders, 3, fields) + frame(kData, kEndStream, 3, "2b"));
    attack.say(frame(kHeaders, kEndHeaders | kEndStream, 5, fields));
    attack.settle();

    CHECK(attack.owner.requests.size() == 2);
    CHECK(attack.owner.requests[0].log == "head reset closed");
    CHECK(attack.owner.requests[1].log == "head body reset closed");
    CHECK(std::count(attack.owner.malformed.begin(), attack.owner.malformed.end(),
                     "length_mismatch") == 3);
  }

  TEST_CASE("too many streams are refused until the peer knows the limit, then end it") {
    H2Settings settings;
    settings.max_streams = 10;
    std::string bytes;
    for (std::uint32_t id = 1; id <= 21; id += 2) bytes += get(id);

    Attack unaware(settings, preface());
    unaware.say(bytes);
    unaware.settle();
    CHECK(unaware.owner.requests.size() == 10);
    REQUIRE(unaware.last(kResetStream));
    CHECK(unaware.last(kResetStream)->stream == 21);
    CHECK(unaware.last(kResetStream)->number(0) == 0x7);
    CHECK(unaware.was_told("too_many_streams"));

    Attack aware(settings);
    aware.say(bytes);
    aware.settle();
    CHECK(aware.owner.requests.size() == 10);
    CHECK(aware.goaway_code() == 0x1);
  }

  TEST_CASE("what is not HTTP/2 is refused at once") {
    mesh::test::TestLoop loop;
    H2Context context(loop, H2Role::server, {});
    mesh::test::MemoryStreamPair pipe(loop);
    mesh::test::Recorder seen;
    Owner owner;
    H2Server server(context, pipe.server, owner);
    pipe.client.start(seen);
    server.start();
    pipe.client.write(as_bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    loop.settle();

    CHECK(owner.malformed == std::vector<std::string>{"bad_preface"});
    CHECK(seen.ended);
  }

  TEST_CASE("padding counts against the windows and is given back") {
    Attack attack;
    attack.say(frame(kHeaders, kEndHeaders, 1, get_fields()));
    const std::string padded = '\xff' + std::string("x") + std::string(255, '\0');
    // Far more padding than the windows hold, in steps that they allow.
    for (int i = 0; i < 20; ++i) {
      attack.say(repeated(400, frame(kData, kPadded, 1, padded)));
      attack.settle();
    }

    CHECK_FALSE(attack.last(kGoaway));
    CHECK(attack.owner.requests.at(0).body.size() == 8'000);
  }

  TEST_CASE("bytes for exchanges that are gone do not use the connection's window up") {
    Attack attack;
    for (std::uint32_t id = 1; id < 2 * 20; id += 2) {
      attack.say(frame(kHeaders, kEndHeaders, id, get_fields()));
      attack.settle();
      attack.owner.requests.back().consumes = false;
      attack.say(repeated(15, frame(kData, 0, id, std::string(16'000, 'x'))));
      attack.settle();
      attack.owner.requests.back().stream->reset(H2Code::cancel);
      attack.owner.requests.back().stream = nullptr;
      attack.settle();
    }

    CHECK_FALSE(attack.last(kGoaway));
    CHECK(attack.server.session().unconsumed() == 0);
  }

  TEST_CASE("DATA behind the end of a stream ends the connection") {
    Attack attack;
    attack.say(get(1));
    attack.settle();
    attack.owner.requests.at(0).stream->send_head(response_head(attack.loop), true);
    attack.settle();
    attack.say(frame(kData, kEndStream, 1, "late"));
    attack.settle();

    CHECK(attack.goaway_code() == 0x5);
    CHECK(attack.was_told("frame_on_closed_stream"));
  }

  TEST_CASE("DATA that crosses our reset is let pass") {
    Attack attack;
    attack.say(frame(kHeaders, kEndHeaders, 1, get_fields()));
    attack.settle();
    attack.owner.requests.at(0).stream->reset(H2Code::cancel);
    attack.settle();
    attack.say(frame(kData, kEndStream, 1, "on its way"));
    attack.say(get(3));
    attack.settle();

    CHECK_FALSE(attack.last(kGoaway));
    CHECK(attack.owner.requests.size() == 2);
  }
}
