#include "meshkit/rpc/balanced_channel.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/unit/meshkit/rpc/rpc_pair.h"

using namespace mesh;
using namespace mesh::rpc;
using namespace mesh::rpc::test;
using namespace std::chrono_literals;

namespace {

net::SocketAddress address(std::uint8_t last) { return {net::IpAddress::v4(10, 0, 0, last), 8086}; }

// What DNS says, from the next turn on.
struct Names {
  net::Resolution answer{{}, {}, net::RecordKind::addresses, 5s};
  int asked = 0;
};
class FakeSource final : public AddressSource, private Flushable {
 public:
  FakeSource(Loop& loop, Names& names) : loop_(loop), names_(names) {}
  void resolve(Done done) override {
    ++names_.asked;
    done_ = std::move(done);
    loop_.flush_later(*this);
  }

 private:
  void flush() override {
    Done done = std::move(done_);
    done(names_.answer);
  }

  Loop& loop_;
  Names& names_;
  Done done_;
};

struct Fixture final : private DialerFactory {
  Fixture() : context(loop, http::H2Role::client, {}) {}

  std::unique_ptr<Dialer> dialer_to(const net::SocketAddress& to) override {
    return std::make_unique<MemoryDialer>(loop, far(to));
  }
  Far& far(const net::SocketAddress& to) {
    auto& place = servers[to];
    if (!place) place = std::make_unique<Far>(loop);
    return *place;
  }
  void open(std::vector<net::SocketAddress> addresses) {
    names.answer.addresses = std::move(addresses);
    const ChannelOptions options{
        .authority = "dst", .backoff = {5ms, 10ms, 0}, .shortest_refresh = 30ms};
    channel.emplace(context, std::make_unique<FakeSource>(loop, names),
                    static_cast<DialerFactory&>(*this), options);
  }
  Caller& call() { return *calls.emplace_back(std::make_unique<Caller>(*channel, "x")); }
  std::size_t requests_at(const net::SocketAddress& to) {
    std::size_t count = 0;
    for (const auto& side : far(to).sides) count += side->owner.requests.size();
    return count;
  }

  mesh::test::TestLoop loop;
  std::map<net::SocketAddress, std::unique_ptr<Far>> servers;
  http::H2Context context;
  Names names;
  std::vector<std::unique_ptr<Caller>> calls;
  std::optional<BalancedChannel> channel;
};

}  // namespace

TEST_SUITE("rpc/balanced_channel") {
  TEST_CASE("calls wait for addresses, then spread over all servers") {
    Fixture f;
    f.open({address(1), address(2), address(3)});
    for (int i = 0; i < 30; ++i) f.call();
    f.loop.settle();

    CHECK(f.names.asked == 1);
    CHECK(f.channel->server_count() == 3);
    for (std::uint8_t last = 1; last <= 3; ++last) {
      CHECK(f.requests_at(address(last)) >= 8);
      CHECK(f.requests_at(address(last)) <= 12);
    }
  }

  TEST_CASE("a call moves on from a server that cannot be reached") {
    Fixture f;
    f.far(address(1)).refuses = true;
    f.open({address(1), address(2)});
    for (int i = 0; i < 20; ++i) f.call();
    f.loop.settle();

    CHECK(f.requests_at(address(2)) == 20);
    for (const auto& caller : f.calls) CHECK_FALSE(caller->status);
  }

  TEST_CASE("with every server unreachable, calls wait for the first that comes back") {
    Fixture f;
    f.far(address(1)).refuses = true;
    f.far(address(2)).refuses = true;
    f.open({address(1), address(2)});
    f.call();
    REQUIRE(
        f.loop.run_until([&] { return f.far(address(1)).dials + f.far(address(2)).dials >= 3; }));
    f.far(address(1)).refuses = false;
    f.far(address(2)).refuses = false;
    REQUIRE(f.loop.run_until(
        [&] { return f.requests_at(address(1)) + f.requests_at(address(2)) == 1; }));

    CHECK_FALSE(f.calls[0]->status);
  }

  TEST_CASE("while names cannot be resolved calls wait, and asking goes on") {
    Fixture f;
    f.names.answer.status = fail(Errc::not_found, "no such name");
    f.names.answer.valid_for.reset();
    f.open({});
    f.call();
    REQUIRE(f.loop.run_until([&] { return f.names.asked >= 3; }));
    CHECK_FALSE(f.calls[0]->status);
    f.names.answer = {{}, {address(1)}, net::RecordKind::addresses, 5s};
    REQUIRE(f.loop.run_until([&] { return f.requests_at(address(1)) == 1; }));

    CHECK(f.channel->server_count() == 1);
  }

  TEST_CASE("a server that is no longer named keeps its calls and gets no new ones") {
    Fixture f;
    f.names.answer.valid_for = 0s;
    f.open({address(1)});
    f.call();
    f.loop.settle();
    f.names.answer.addresses = {address(2)};
    REQUIRE(f.loop.run_until([&] { return f.names.asked >= 2; }));
    f.loop.settle();
    f.call();
    f.loop.settle();

    CHECK(f.channel->server_count() == 1);
    CHECK(f.requests_at(address(1)) == 1);
    CHECK(f.requests_at(address(2)) == 1);
    CHECK_FALSE(f.calls[0]->status);
  }

  TEST_CASE("calls that wait when the channel goes hear UNAVAILABLE") {
    Fixture f;
    f.names.answer.status = fail(Errc::not_found, "no such name");
    f.open({});
    f.call();
    f.channel.reset();

    CHECK(f.calls[0]->status->code == GrpcCode::unavailable);
  }
}
