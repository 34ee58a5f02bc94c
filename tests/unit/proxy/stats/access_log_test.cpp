#include "proxy/stats/access_log.h"

#include <doctest/doctest.h>

using namespace mesh;
using namespace mesh::stats;

namespace {

AccessRecord record() {
  AccessRecord record;
  record.client_address = "10.0.0.1:5000";
  record.client_id = "web.shop";
  record.when = WallTime(std::chrono::seconds(971186136) + std::chrono::milliseconds(7));
  record.method = "GET";
  record.uri = "/a?b=c";
  record.version = "HTTP/1.1";
  record.status = 200;
  record.request_bytes = 3;
  record.response_bytes = 12;
  record.total = Nanoseconds(2500);
  record.processing = Nanoseconds(1500);
  record.user_agent = "curl";
  record.host = "shop";
  return record;
}

}  // namespace

TEST_SUITE("stats/access_log") {
  TEST_CASE("writes a request as Apache does") {
    CHECK(apache_line(record()) ==
          "10.0.0.1:5000 web.shop - [10/Oct/2000:13:55:36 +0000] \"GET /a?b=c HTTP/1.1\" 200 12\n");
  }

  TEST_CASE("writes a request as JSON") {
    CHECK(json_line(record()) ==
          "{\"client.addr\":\"10.0.0.1:5000\",\"client.id\":\"web.shop\","
          "\"timestamp\":\"2000-10-10T13:55:36.007000000Z\",\"method\":\"GET\",\"uri\":\"/a?b=c\","
          "\"version\":\"HTTP/1.1\",\"trace_id\":\"\",\"request_bytes\":3,\"status\":200,"
          "\"response_bytes\":12,\"total_ns\":2500,\"processing_ns\":1500,\"user_agent\":\"curl\","
          "\"host\":\"shop\"}\n");
  }

  TEST_CASE("writes a dash for what is not known") {
    CHECK(apache_line(AccessRecord{}) == "- - - [01/Jan/1970:00:00:00 +0000] \"- - -\" - 0\n");
  }

  TEST_CASE("lets no request forge a line or a field") {
    AccessRecord forged = record();
    forged.uri = "/\" 500 0\nforged";
    forged.user_agent = "\",\"status\":500,\"x\":\"\xff";

    CHECK(apache_line(forged).find("\"GET /\\\" 500 0\\u000aforged HTTP/1.1\" 200 12\n") !=
          std::string::npos);
    CHECK(json_line(forged).find("\\\",\\\"status\\\":500,\\\"x\\\":\\\"\xef\xbf\xbd\"") !=
          std::string::npos);
  }
}
