#include "fuzz/matrix_page.h"

#include <algorithm>
#include <map>
#include <string>

#include "fmt/format.h"
#include "fuzz/page_parts.h"

namespace sockspec {
namespace {

// Beside PageStyle(). On a telephone a row becomes a block, with each kernel's name before what it says.
constexpr std::string_view kStyle = R"CSS(
.matrix { width: 100%; table-layout: fixed } .matrix td { overflow-wrap: anywhere } .matrix th:first-child { width: 34% }
.matrix code { font-size: 12.5px } .matrix td, .matrix th { padding: 4px 12px 4px 6px }
.matrix .same { color: var(--dim) } .matrix .diverges { color: var(--red); background: var(--red-soft) }
.matrix .other { color: var(--amber) } .matrix .parts .what > code { font-weight: 600 } .matrix .says a { margin-right: 10px } .matrix .says { color: var(--dim); font-size: 13px }
.only { display: flex; gap: 6px; align-items: center; font-size: 14px } .only input { flex: none }
.tiles span { overflow-wrap: anywhere }
.finding.agrees > summary > .count { color: var(--green) } .finding.alone > summary > .count { color: var(--dim) } .finding.parts > summary > .count { color: var(--amber); font-weight: 600 }
@media (max-width: 640px) { .matrix thead { display: none } .matrix, .matrix tbody, .matrix tr, .matrix td { display: block; min-width: 0 !important }
  .matrix td.nothing { display: none }
  .matrix tr { border-bottom: 1px solid var(--line); padding: 5px 0 } .matrix td { border: 0; padding: 1px 4px }
  .matrix td[data-kernel]::before { content: attr(data-kernel) ": "; color: var(--dim); font-size: 12.5px } .matrix .n { text-align: left } }
)CSS";

constexpr std::string_view kScript = R"JS(
const only = document.querySelector('.only');
if (only) {
  only.hidden = false;
  const box = only.querySelector('input');
  const apply = () => {
    for (const row of document.querySelectorAll('.matrix tr.same-row')) row.hidden = box.checked;
    for (const one of document.querySelectorAll('.finding.agrees, .finding.alone')) one.hidden = box.checked;
  };
  box.addEventListener('input', apply);
  apply();
}
)JS";

std::string Times(int count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

// "gvisor/poll-of-a-new-socket" for ".../found/gvisor/poll-of-a-new-socket.program".
std::string ShortName(std::string_view name) {
  if (name.ends_with(".program")) name.remove_suffix(std::string_view(".program").size());
  const size_t last = name.rfind('/');
  const size_t before = last == std::string_view::npos || last == 0 ? std::string_view::npos : name.rfind('/', last - 1);
  return std::string(before == std::string_view::npos ? name : name.substr(before + 1));
}

std::string Head(const Matrix& matrix, std::string_view first) {
  std::string html = fmt::format("<div class=\"wide\"><table class=\"matrix\" style=\"min-width: {}px\"><thead><tr><th>{}</th>",
                                 260 + 110 * matrix.kernels.size(), first);
  for (const std::string& kernel : matrix.kernels) html += fmt::format("<th>{}</th>", Escaped(kernel));
  return html + "</tr></thead><tbody>\n";
}

std::string RowHtml(const Matrix& matrix, const Matrix::Row& row) {
  std::string html = fmt::format("<tr class=\"{}\"><td class=\"what\"><code>{}</code>{}</td>", row.parts() ? "parts" : "same-row",
                                 Escaped(row.what),
                                 row.says.empty() ? "" : fmt::format("<div class=\"says\">{}</div>", Escaped(row.says)));
  const bool diverges = std::ranges::any_of(row.cells, &Matrix::Cell::diverges);
  const bool silent = std::ranges::any_of(row.cells, [](const Matrix::Cell& cell) { return cell.said == Matrix::kNothing; });
  if (!row.parts() && !diverges && !silent) {
    html += fmt::format("<td class=\"same\" data-kernel=\"all\" colspan=\"{}\"><code>{}</code></td>", matrix.kernels.size(),
                        Escaped(row.first()));
    return html + "</tr>\n";
  }
  for (size_t k = 0; k < row.cells.size(); ++k) {
    const Matrix::Cell& cell = row.cells[k];
    const std::string_view kind = cell.diverges ? "diverges" : cell.said == Matrix::kNothing ? "same nothing" : cell.said != row.first() ? "other" : "";
    html += fmt::format("<td class=\"{}\" data-kernel=\"{}\"{}><code>{}</code></td>", kind, Escaped(matrix.kernels[k]),
                        cell.clause.empty() ? "" : fmt::format(" title=\"expected by {}\"", Escaped(cell.clause)),
                        Escaped(cell.said));
  }
  return html + "</tr>\n";
}

std::string TableHtml(const Matrix& matrix, const Matrix::Table& table, size_t number) {
  const int parting = table.parting(), compared = table.compared();
  const bool whole = compared == static_cast<int>(table.rows.size());
  std::string html = fmt::format(
      "<details class=\"finding {}\" id=\"t{}\"{}><summary><span class=\"count\">{}</span><code class=\"said\">{}</code></summary>"
      "<div class=\"body\">",
      parting > 0 ? "parts" : compared > 0 ? "agrees" : "alone", number, parting > 0 ? " open" : "",
      parting > 0     ? fmt::format("{} of {} part", parting, table.rows.size())
      : compared == 0 ? "not compared"
      : whole         ? "agree"
                      : fmt::format("{} of {} agree", compared, table.rows.size()),
      Escaped(ShortName(table.name)));
  for (const Matrix::Note& note : table.notes) {
    html += fmt::format("<p class=\"note\"><b>{}</b>: {}</p>", Escaped(matrix.kernels[note.kernel]), Escaped(note.what));
  }
  html += Head(matrix, matrix.profile.empty() ? "claim" : "call");
  for (const Matrix::Row& row : table.rows) html += RowHtml(matrix, row);
  return html + "</tbody></table></div></div></details>\n";
}

// By clause: on which kernels calls diverge from it, how often, and in which programs.
std::string ClausesHtml(const Matrix& matrix) {
  struct Where {
    std::vector<int> calls;
    std::vector<size_t> tables;
  };
  std::map<std::string, Where> clauses;
  for (size_t t = 0; t < matrix.tables.size(); ++t) {
    for (const Matrix::Row& row : matrix.tables[t].rows) {
      for (size_t k = 0; k < row.cells.size(); ++k) {
        if (!row.cells[k].diverges || row.cells[k].clause.empty()) continue;
        Where& where = clauses[row.cells[k].clause];
        where.calls.resize(matrix.kernels.size());
        ++where.calls[k];
        if (where.tables.empty() || where.tables.back() != t) where.tables.push_back(t);
      }
    }
  }
  if (clauses.empty()) return fmt::format("<p class=\"note\">None: no call diverges from {}.</p>\n", Escaped(matrix.profile));
  std::string html = fmt::format("<p class=\"note\">How many calls of these programs diverge from a clause; {}: none, or none of its "
                                 "programs ran there.</p>\n", Matrix::kNothing);
  html += Head(matrix, "clause");
  for (const auto& [clause, where] : clauses) {
    html += fmt::format("<tr class=\"parts\"><td class=\"what\"><code>{}</code><div class=\"says\">", Escaped(clause));
    for (const size_t t : where.tables) {
      html += fmt::format("<a href=\"#t{}\">{}</a> ", t, Escaped(ShortName(matrix.tables[t].name)));
    }
    html += "</div></td>";
    for (size_t k = 0; k < where.calls.size(); ++k) {
      html += fmt::format("<td class=\"{}\" data-kernel=\"{}\">{}</td>", where.calls[k] > 0 ? "diverges" : "same nothing",
                          Escaped(matrix.kernels[k]),
                          where.calls[k] > 0 ? Times(where.calls[k], "call") : std::string(Matrix::kNothing));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string Tiles(const Matrix& matrix) {
  int rows = 0, parting = 0;
  for (const Matrix::Table& table : matrix.tables) {
    rows += static_cast<int>(table.rows.size());
    parting += table.parting();
  }
  std::string html = "<div class=\"tiles\">";
  const auto tile = [&](int number, std::string_view what) {
    html += fmt::format("<div><b>{}</b><span>{}</span></div>", number, Escaped(what));
  };
  const bool claims = matrix.profile.empty();
  if (!claims) tile(static_cast<int>(matrix.tables.size()), matrix.tables.size() == 1 ? "program" : "programs");
  tile(rows, claims ? "claims" : "calls");
  tile(parting, claims ? "on which they part" : "calls on which they part");
  for (size_t k = 0; !claims && k < matrix.kernels.size(); ++k) {
    int diverging = 0;
    for (const Matrix::Table& table : matrix.tables) {
      for (const Matrix::Row& row : table.rows) diverging += row.cells[k].diverges;
    }
    tile(diverging, fmt::format("{}: {} from {}", matrix.kernels[k], diverging == 1 ? "diverges" : "diverge", matrix.profile));
  }
  return html + "</div>\n";
}

std::string KernelsHtml(const Matrix& matrix) {
  std::string html;
  for (size_t k = 0; k < matrix.kernels.size(); ++k) {
    const std::string release = k < matrix.releases.size() ? matrix.releases[k] : "";
    html += fmt::format("{}<b>{}</b>{}", html.empty() ? "" : " · ", Escaped(matrix.kernels[k]),
                        release.empty() || release == matrix.kernels[k] ? "" : ": " + Escaped(release));
  }
  return fmt::format("<p class=\"note\">{}{}</p>\n", html,
                     matrix.profile.empty() ? "" : fmt::format("; replies are held to {}", Escaped(matrix.profile)));
}

}  // namespace

std::string_view Matrix::Row::first() const {
  const auto asked = std::ranges::find_if(cells, [](const Cell& cell) { return cell.said != kNothing; });
  return asked == cells.end() ? kNothing : std::string_view(asked->said);
}

bool Matrix::Row::parts() const {
  return std::ranges::any_of(cells, [&](const Cell& cell) { return cell.said != kNothing && cell.said != first(); });
}

bool Matrix::Row::compared() const {
  return std::ranges::count_if(cells, [](const Cell& cell) { return cell.said != kNothing; }) >= 2;
}

int Matrix::Table::compared() const { return static_cast<int>(std::ranges::count_if(rows, &Row::compared)); }

int Matrix::Table::parting() const { return static_cast<int>(std::ranges::count_if(rows, &Row::parts)); }

bool Matrix::diverges() const {
  return std::ranges::any_of(tables, [](const Table& table) {
    return std::ranges::any_of(table.rows, [](const Row& row) { return std::ranges::any_of(row.cells, &Cell::diverges); });
  });
}

bool Matrix::unjudged() const {
  return std::ranges::any_of(tables, [](const Table& table) { return std::ranges::any_of(table.notes, &Note::unjudged); });
}

std::string MatrixHtml(const Matrix& matrix, std::string_view title) {
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\"><title>{0}</title>\n<style>{1}{2}</style></head><body>\n<h1>{0}</h1>\n",
      Escaped(title), PageStyle(), kStyle);
  page += KernelsHtml(matrix) + Tiles(matrix);
  if (!matrix.profile.empty()) page += "<h2>Clauses, and whose calls diverge from them</h2>\n" + ClausesHtml(matrix);
  page += fmt::format("<h2>{}</h2>\n<label class=\"only\" hidden><input type=\"checkbox\">only where they part</label>\n",
                      matrix.profile.empty() ? "Claims" : "Programs");
  for (size_t t = 0; t < matrix.tables.size(); ++t) page += TableHtml(matrix, matrix.tables[t], t);
  return page + fmt::format("<script>{}{}</script>\n</body></html>\n", PageScript(), kScript);
}

}  // namespace sockspec
