#include "model/program/c_helpers.h"

#include <cstdlib>

namespace sockspec {

const HelperText& TextOf(Helper helper) {
  for (const auto& table : {EnvironmentHelpers(), CallHelpers(), ReplyHelpers()}) {
    for (const HelperText& row : table) {
      if (row.helper == helper) return row;
    }
  }
  abort();  // a Helper without a row
}

}  // namespace sockspec
