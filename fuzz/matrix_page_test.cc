#include "fuzz/matrix_page.h"

#include <string>

#include "gtest/gtest.h"

namespace sockspec {
namespace {

Matrix AMatrix() {
  Matrix matrix{.kernels = {"linux", "uml:./<b>", "lwip"}, .releases = {"Linux 6.18", "Linux 6.1", "lwIP 2.1.3"}, .profile = "linux-6.18"};
  Matrix::Table& parts = matrix.tables.emplace_back(Matrix::Table{.name = "/home/me/found/gvisor/listen.program"});
  parts.rows.push_back({.what = "s0 = socket(AF_INET, SOCK_DGRAM, 0)", .says = "", .cells = {{.said = "s0"}, {.said = "s0"}, {.said = "s0"}}});
  parts.rows.push_back({.what = "listen(s0, 1)",
                        .says = "",
                        .cells = {{.said = "-1 EOPNOTSUPP"},
                                  {.said = "-1 EINVAL", .diverges = true, .clause = "listen.datagrams"},
                                  {}}});
  Matrix::Table& agrees = matrix.tables.emplace_back(Matrix::Table{.name = "same.program"});
  agrees.rows.push_back({.what = "close(-1)", .says = "", .cells = {{.said = "-1 EBADF"}, {.said = "-1 EBADF"}, {}}});
  return matrix;
}

bool Has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(MatrixPageTest, WhatACallWasNotAskedDoesNotPart) {
  const Matrix matrix = AMatrix();
  EXPECT_EQ(matrix.tables[0].parting(), 1);
  EXPECT_EQ(matrix.tables[1].parting(), 0);
  EXPECT_TRUE(matrix.diverges());
  Matrix::Row late = matrix.tables[1].rows[0];
  std::swap(late.cells[0], late.cells[2]);
  EXPECT_FALSE(late.parts());
  EXPECT_EQ(late.first(), "-1 EBADF");
}

TEST(MatrixPageTest, WhereNoTwoKernelsAnsweredNothingAgrees) {
  Matrix matrix = AMatrix();
  EXPECT_EQ(matrix.tables[0].compared(), 2);
  Matrix::Table& alone = matrix.tables[1];
  alone.rows[0].cells[1] = {};
  EXPECT_EQ(alone.compared(), 0);
  EXPECT_FALSE(matrix.unjudged());
  alone.notes.push_back({.kernel = 1, .what = "cannot be judged: <why>", .unjudged = true});
  EXPECT_TRUE(matrix.unjudged());
  const std::string page = MatrixHtml(matrix, "page");
  EXPECT_TRUE(Has(page, "<details class=\"finding alone\" id=\"t1\"><summary><span class=\"count\">not compared</span>")) << page;
  EXPECT_TRUE(Has(page, "<b>uml:./&lt;b&gt;</b>: cannot be judged: &lt;why&gt;"));
}

TEST(MatrixPageTest, ARowOfEachCallSaysWhoDivergesAndFromWhat) {
  const std::string page = MatrixHtml(AMatrix(), "a & b");
  EXPECT_TRUE(Has(page, "<h1>a &amp; b</h1>"));
  EXPECT_TRUE(Has(page, "<td class=\"diverges\" data-kernel=\"uml:./&lt;b&gt;\" title=\"expected by listen.datagrams\"><code>-1 EINVAL</code></td>"))
      << page;
  // All say the same: once.
  EXPECT_TRUE(Has(page, "<td class=\"same\" data-kernel=\"all\" colspan=\"3\"><code>s0</code></td>"));
  // The clause, and the program that shows it.
  EXPECT_TRUE(Has(page, "<code>listen.datagrams</code><div class=\"says\"><a href=\"#t0\">gvisor/listen</a>"));
  EXPECT_TRUE(Has(page, "id=\"t0\" open"));
  EXPECT_FALSE(Has(page, "id=\"t1\" open"));
}

TEST(MatrixPageTest, ThePageNeedsNothingElse) {
  const std::string page = MatrixHtml(AMatrix(), "page");
  for (const std::string_view from : {"http://", "https://", "src=", "@import", "url("}) EXPECT_FALSE(Has(page, from)) << from;
}

TEST(MatrixPageTest, ClaimsHaveTheirSentenceAndNoSpecification) {
  Matrix matrix{.kernels = {"linux", "gvisor"}};
  matrix.tables.push_back({.name = "claims", .rows = {{.what = "bind.once", .says = "A socket can be bound once.", .cells = {{.said = "holds"}, {.said = "refuted"}}}}});
  const std::string page = MatrixHtml(matrix, "claims");
  EXPECT_TRUE(Has(page, "A socket can be bound once."));
  EXPECT_TRUE(Has(page, "<td class=\"other\" data-kernel=\"gvisor\"><code>refuted</code></td>"));
  EXPECT_FALSE(Has(page, "Clauses, and"));
  EXPECT_FALSE(matrix.diverges());
}

}  // namespace
}  // namespace sockspec
