#pragma once
// Environment: the variables a process was started with, as an interface, so that tests bring their
// own.
//
// Values are bytes as the system has them: not always UTF-8. Views last as long as the Environment,
// which nobody changes while the program runs.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mesh {

class Environment {
 public:
  struct Variable {
    std::string_view name;
    std::string_view value;
  };

  virtual std::optional<std::string_view> value(std::string_view name) const = 0;
  // Ordered by name.
  virtual std::vector<Variable> all() const = 0;

 protected:
  ~Environment() = default;
};

// Of this process.
class SystemEnvironment final : public Environment {
 public:
  std::optional<std::string_view> value(std::string_view name) const override;
  std::vector<Variable> all() const override;
};

// Given one by one.
class FixedEnvironment final : public Environment {
 public:
  FixedEnvironment() = default;
  explicit FixedEnvironment(std::vector<std::pair<std::string, std::string>> variables);

  // Replaces the value of a name that is there.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  std::optional<std::string_view> value(std::string_view name) const override;
  std::vector<Variable> all() const override;

 private:
  std::vector<std::pair<std::string, std::string>> variables_;
};

}  // namespace mesh
