// The same programs on several kernels, side by side: what `sockspec matrix` finds out, and the page that shows it, in
// the style of the findings' (page.h), one file that needs nothing else.
#ifndef SOCKSPEC_FUZZ_MATRIX_PAGE_H_
#define SOCKSPEC_FUZZ_MATRIX_PAGE_H_

#include <string>
#include <string_view>
#include <vector>

namespace sockspec {

struct Matrix {
  // Of a call that was not made: what comes before it is not supported, or cannot be followed.
  static constexpr std::string_view kNothing = "-";

  // What one kernel answered to one call, or its verdict on one claim.
  struct Cell {
    std::string said = std::string(kNothing);
    bool diverges = false;  // from the specification
    std::string clause;     // that was expected, where it diverges
  };
  struct Row {
    std::string what;         // the call, or the claim's id
    std::string says;         // of a claim
    std::vector<Cell> cells;  // by kernel
    std::string_view first() const;  // what the first says that says anything
    bool parts() const;              // those that do, do not all say the same
    bool compared() const;           // two or more do
  };
  // Why one kernel says nothing of a table's rows, or from some row on.
  struct Note {
    size_t kernel = 0;
    std::string what;
    bool unjudged = false;  // it was tried, and could not be judged
  };
  struct Table {
    std::string name;  // of the program's file, or "claims"
    std::vector<Row> rows;
    std::vector<Note> notes;
    int parting() const;   // how many rows do
    int compared() const;  // how many rows are
  };
  std::vector<std::string> kernels;
  std::vector<std::string> releases;  // what each says it is; empty: it does not
  std::string profile;                // that the replies are held to; empty: of claims
  std::vector<Table> tables;

  bool diverges() const;
  bool unjudged() const;
};

std::string MatrixHtml(const Matrix& matrix, std::string_view title);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_MATRIX_PAGE_H_
