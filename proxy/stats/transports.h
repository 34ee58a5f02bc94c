#pragma once
// Transports: the open TCP connections of a worker and how many bytes went through them.
//
// Streams count their own bytes; they are asked when a scrape comes and when they close, so a byte
// in transit costs nothing here. A connection is known from its accept, and belongs to a series as
// soon as it is known whose it is; one that closes earlier is counted by the fallback given to
// `open`.

#include <memory>
#include <string>
#include <unordered_map>

#include "meshkit/metrics/registry.h"
#include "meshkit/net/tcp_stream.h"

namespace mesh::stats {

struct TransportFamilies {
  explicit TransportFamilies(metrics::Registry& registry);

  metrics::Family<metrics::Counter>& opened;
  metrics::Family<metrics::Gauge>& open;
  metrics::Family<metrics::Counter>& read;
  metrics::Family<metrics::Counter>& written;
  metrics::Family<metrics::Counter>& closed;
};

// The numbers of all connections with the same labels.
class TransportSeries {
 public:
  // `families` outlives it.
  TransportSeries(TransportFamilies& families, metrics::LabelText labels);
  TransportSeries(const TransportSeries&) = delete;

  void on_open();
  void on_close(const Error& error);
  void on_bytes(std::uint64_t read, std::uint64_t written);

  std::size_t users = 0;  // connections

 private:
  TransportFamilies& families_;
  const metrics::LabelText labels_;
  metrics::Held<metrics::Counter> opened_;
  metrics::Held<metrics::Gauge> open_;
  metrics::Held<metrics::Counter> read_;
  metrics::Held<metrics::Counter> written_;
  metrics::Held<metrics::Counter> closed_;  // in order
};

class Transports final : public metrics::Collector {
 public:
  explicit Transports(metrics::Registry& registry);

  TransportFamilies& families() noexcept { return families_; }

  // A series that connections share; valid as long as one of them uses it.
  TransportSeries& series(const metrics::LabelText& labels);

  // `fallback` counts it if it closes before it is assigned. Both outlive the connection.
  void open(net::TcpStream& stream, TransportSeries& fallback);
  // At most once for a connection, before `close`.
  void assign(net::TcpStream& stream, TransportSeries& series);
  void close(net::TcpStream& stream, const Error& error);

  std::size_t size() const noexcept { return live_.size(); }

  void collect() override;

 private:
  struct Live {
    TransportSeries* series;
    bool is_assigned = false;
    std::uint64_t read = 0;
    std::uint64_t written = 0;
  };
  static void update(const net::TcpStream& stream, Live& live);

  TransportFamilies families_;
  std::unordered_map<net::TcpStream*, Live> live_;
  std::unordered_map<std::string, std::unique_ptr<TransportSeries>> shared_;
};

}  // namespace mesh::stats
