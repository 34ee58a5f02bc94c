#include "proxy/machine.h"

#include <doctest/doctest.h>

#include <map>

using namespace mesh;

namespace {

class FakeFiles final : public KernelFiles {
 public:
  explicit FakeFiles(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  std::optional<std::string> read(const std::string& path) const override {
    const auto file = files_.find(path);
    if (file == files_.end()) return std::nullopt;
    return file->second;
  }

 private:
  std::map<std::string, std::string> files_;
};

}  // namespace

TEST_SUITE("machine") {
  TEST_CASE("has no limits where there are no cgroups") {
    const Machine machine = machine_from(FakeFiles({}), 8);

    CHECK(machine.cores == 8);
    CHECK_FALSE(machine.memory_bytes);
  }

  TEST_CASE("reads the limits of a container under cgroup version 2") {
    const FakeFiles files({{"/proc/self/cgroup", "0::/\n"},
                           {"/sys/fs/cgroup/memory.max", "134217728\n"},
                           {"/sys/fs/cgroup/cpu.max", "150000 100000\n"}});

    const Machine machine = machine_from(files, 8);

    CHECK(machine.cores == 2);
    CHECK(machine.memory_bytes == 134217728);
  }

  TEST_CASE("takes the tightest limit of all groups above the process") {
    const FakeFiles files({{"/proc/self/cgroup", "0::/mesh.slice/proxy.service\n"},
                           {"/sys/fs/cgroup/mesh.slice/memory.max", "1000000\n"},
                           {"/sys/fs/cgroup/mesh.slice/proxy.service/memory.max", "max\n"},
                           {"/sys/fs/cgroup/mesh.slice/cpu.max", "100000 100000\n"},
                           {"/sys/fs/cgroup/mesh.slice/proxy.service/cpu.max", "400000 100000\n"}});

    const Machine machine = machine_from(files, 8);

    CHECK(machine.cores == 1);
    CHECK(machine.memory_bytes == 1000000);
  }

  TEST_CASE("reads the limits of cgroup version 1") {
    const FakeFiles files({{"/proc/self/cgroup", "5:memory:/pod\n4:cpu,cpuacct:/pod\n"},
                           {"/sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "268435456\n"},
                           {"/sys/fs/cgroup/cpu/pod/cpu.cfs_quota_us", "200000\n"},
                           {"/sys/fs/cgroup/cpu/pod/cpu.cfs_period_us", "100000\n"}});

    const Machine machine = machine_from(files, 8);

    CHECK(machine.cores == 2);
    CHECK(machine.memory_bytes == 268435456);
  }

  TEST_CASE("knows how version 1 says that there is no limit") {
    const FakeFiles files({{"/proc/self/cgroup", "5:memory:/\n4:cpu,cpuacct:/\n"},
                           {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
                           {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
                           {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}});

    const Machine machine = machine_from(files, 4);

    CHECK(machine.cores == 4);
    CHECK_FALSE(machine.memory_bytes);
  }

  TEST_CASE("always has a core, whatever the quota says") {
    const FakeFiles files(
        std::map<std::string, std::string>{{"/sys/fs/cgroup/cpu.max", "1 100000\n"}});

    CHECK(machine_from(files, 0).cores == 1);
    CHECK(machine_from(files, 4).cores == 1);
  }
}
