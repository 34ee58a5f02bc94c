// What TlsStream does with a peer that breaks the protocol after a good handshake.

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

#include "meshkit/tls/tls_stream.h"
#include "tests/unit/meshkit/tls/tls_pair.h"

namespace mesh::tls {
namespace {

using Buffer = std::vector<std::uint8_t>;

const Buffer kAskingUpdate{24, 0, 0, 1, 1};
const Buffer kQuietUpdate{24, 0, 0, 1, 0};

Buffer fatal(Alert alert) { return {21, 2, static_cast<std::uint8_t>(alert)}; }

// The stream has failed, and its peer was told by this alert.
void check_refused(ForgedPeer& pair, Alert alert) {
  pair.loop.settle();
  REQUIRE(pair.at_server.closed);
  CHECK(pair.at_server.closed->code == Errc::tls);
  CHECK_FALSE(pair.at_server.ended);
  CHECK_FALSE(pair.at_server.event_after_end);
  CHECK(pair.next_answer() == fatal(alert));
  CHECK(pair.next_answer().empty());
}

TEST_SUITE("tls/tls_stream and a hostile peer") {
  TEST_CASE("refuses garbage") {
    ForgedPeer pair;
    const std::string_view text = "HTTP/1.1 400 Bad Request\r\n\r\n";
    pair.send_raw({text.begin(), text.end()});
    check_refused(pair, Alert::unexpected_message);
  }

  TEST_CASE("refuses a forged record, after the good ones before it") {
    ForgedPeer pair;
    pair.send(ContentType::application_data, {'o', 'k'});
    Buffer forged(kRecordHeader + 40, 0);
    forged[0] = 23;
    forged[1] = forged[2] = 3;
    forged[4] = 40;
    pair.send_raw(forged);
    pair.send(ContentType::application_data, {'n', 'o'});

    check_refused(pair, Alert::bad_record_mac);
    CHECK(pair.at_server.received == "ok");
  }

  TEST_CASE("refuses a plaintext alert") {
    ForgedPeer pair;
    pair.send_raw({21, 3, 3, 0, 2, 2, 40});
    check_refused(pair, Alert::unexpected_message);
  }

  TEST_CASE("refuses records of other types") {
    for (const int type : {0, 20, 24, 99}) {
      ForgedPeer pair;
      Buffer content{1};
      if (type == 0) content.assign(3, 0);  // nothing but padding
      pair.send(static_cast<ContentType>(type), content);
      check_refused(pair, Alert::unexpected_message);
    }
  }

  TEST_CASE("refuses a second handshake") {
    ForgedPeer pair;
    pair.send(ContentType::handshake, {1, 0, 0, 4, 3, 3, 0, 0});
    check_refused(pair, Alert::unexpected_message);
  }

  TEST_CASE("refuses an empty handshake record and data inside a message") {
    ForgedPeer empty;
    empty.send(ContentType::handshake, {});
    check_refused(empty, Alert::unexpected_message);

    ForgedPeer inside;
    inside.send(ContentType::handshake, {24, 0});
    inside.send(ContentType::application_data, {'x'});
    check_refused(inside, Alert::unexpected_message);
  }

  TEST_CASE("refuses malformed alerts and key updates") {
    ForgedPeer alert;
    alert.send(ContentType::alert, {1});
    check_refused(alert, Alert::decode_error);

    ForgedPeer update;
    update.send(ContentType::handshake, {24, 0, 0, 1, 7});
    check_refused(update, Alert::illegal_parameter);

    ForgedPeer longer;
    longer.send(ContentType::handshake, {24, 0, 0, 2, 0, 0});
    check_refused(longer, Alert::decode_error);
  }

  TEST_CASE("takes a fatal alert for the end and does not answer it") {
    ForgedPeer pair;
    pair.send(ContentType::application_data, {'o', 'k'});
    pair.send(ContentType::alert, {2, 48});
    pair.loop.settle();

    CHECK(pair.at_server.received == "ok");
    REQUIRE(pair.at_server.closed);
    CHECK(std::string_view(pair.at_server.closed->what) ==
          "peer's alert: unknown certificate authority");
    CHECK(pair.next_answer().empty());
  }

  TEST_CASE("goes on after a user_canceled alert") {
    ForgedPeer pair;
    pair.send(ContentType::alert, {1, 90});
    pair.send(ContentType::application_data, {'o', 'k'});
    pair.loop.settle();

    CHECK(pair.at_server.received == "ok");
    CHECK_FALSE(pair.at_server.closed);
  }

  TEST_CASE("ignores what comes after close_notify") {
    ForgedPeer pair;
    pair.send(ContentType::alert, {1, 0});
    pair.send_raw({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    pair.loop.settle();
    pair.send_raw({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    pair.loop.settle();

    CHECK(pair.at_server.received.empty());
    CHECK(pair.at_server.ended);
    CHECK_FALSE(pair.at_server.closed);
    CHECK_FALSE(pair.at_server.event_after_end);
  }

  TEST_CASE("follows key updates and answers each turn's requests once") {
    ForgedPeer pair;
    for (int i = 0; i < 5; ++i) {
      pair.send(ContentType::handshake, kAskingUpdate);
      pair.sealer.update();
    }
    pair.send(ContentType::application_data, {'n', 'e', 'w'});
    pair.loop.settle();
    pair.server->write(as_bytes("answer"));
    pair.loop.settle();

    CHECK(pair.at_server.received == "new");
    Buffer update = pair.next_answer();
    REQUIRE(update.size() == 6);
    update.erase(update.begin());
    CHECK(update == kQuietUpdate);
    pair.opener.update();
    const Buffer data = pair.next_answer();
    CHECK(as_text(data).substr(1) == "answer");
  }

  TEST_CASE("cuts off a peer that sends no data for long") {
    const auto sends_idle_records = [](ForgedPeer& pair, int count) {
      for (int i = 0; i < count; ++i) {
        if (i % 2 == 0) {
          pair.send(ContentType::application_data, {});
          continue;
        }
        pair.send(ContentType::handshake, kQuietUpdate);
        pair.sealer.update();
      }
    };
    ForgedPeer patient;
    sends_idle_records(patient, 32);
    patient.send(ContentType::application_data, {'x'});
    sends_idle_records(patient, 32);
    patient.loop.settle();
    CHECK(patient.at_server.received == "x");
    CHECK_FALSE(patient.at_server.closed);

    sends_idle_records(patient, 1);
    check_refused(patient, Alert::unexpected_message);
  }

  TEST_CASE("a receiver that aborts hears nothing more") {
    ForgedPeer pair;
    class Aborter final : public net::StreamEvents {
     public:
      explicit Aborter(TlsStream& stream) : stream_(stream) { stream.start(*this); }
      void on_data(MutableBytes) override {
        ++events;
        stream_.abort();
      }
      void on_end() override { ++events; }
      void on_closed(const Error&) override { ++events; }
      void on_drained() override { ++events; }
      int events = 0;

     private:
      TlsStream& stream_;
    } aborter(*pair.server);

    pair.send(ContentType::application_data, {'x'});
    pair.send(ContentType::alert, {2, 40});
    pair.loop.settle();

    CHECK(aborter.events == 1);
  }
}

}  // namespace
}  // namespace mesh::tls
