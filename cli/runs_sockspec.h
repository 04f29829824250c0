// The command line as a user meets it: the binary is run, and what it prints and how it exits can be compared.
#ifndef SOCKSPEC_CLI_RUNS_SOCKSPEC_H_
#define SOCKSPEC_CLI_RUNS_SOCKSPEC_H_

#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"

namespace sockspec {

struct Result {
  int status = -1;
  std::string out;
  std::string err;
};

inline std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A directory of its own, and the binary.
class RunsSockspec : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = std::filesystem::path(testing::TempDir() + "/cli.XXXXXX").lexically_normal().string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    directory_ = path;
    binary_ = std::filesystem::absolute("sockspec");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, const std::string& contents) {
    std::ofstream(directory_ + "/" + name, std::ios::binary) << contents;
  }

  // Runs `sockspec ARGUMENTS` where the files are.
  Result Run(const std::string& arguments) {
    const std::string command = "cd '" + directory_ + "' && unset BUILD_WORKING_DIRECTORY && '" +
                                binary_ + "' " + arguments + " >out 2>err </dev/null";
    return Shell(command);
  }

  Result Shell(const std::string& command) {
    Result result;
    const int status = system(command.c_str());
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result.out = Contents(directory_ + "/out");
    result.err = Contents(directory_ + "/err");
    return result;
  }

  std::string directory_;
  std::string binary_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_CLI_RUNS_SOCKSPEC_H_
