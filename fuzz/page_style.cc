#include "fuzz/page_parts.h"

namespace sockspec {

std::string_view PageStyle() {
  return R"CSS(
:root { color-scheme: light dark; --ground: #fbfbfa; --raised: #fff; --ink: #1d1f22; --dim: #62676e; --line: #dcdee1;
  --link: #1a5fb4; --red: #b3261e; --red-soft: #fbe9e7; --amber: #8a5300; --green: #2e6b34; --curve: #2f6fc4;
  --bar: #5b8fd1; --track: #e7e9ec }
@media (prefers-color-scheme: dark) { :root { --ground: #15171a; --raised: #1d2024; --ink: #e3e5e8; --dim: #9aa1aa;
  --line: #33383f; --link: #8ab8ff; --red: #ff8a80; --red-soft: #3b1f1f; --amber: #f0b35b; --green: #8fd19a;
  --curve: #7fb0f5; --bar: #4d7fc0; --track: #2b3036 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1240px; padding: 20px 20px 60px; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 22px; margin: 0 0 4px; overflow-wrap: anywhere } h2 { font-size: 18px; margin: 40px 0 10px }
a { color: var(--link) } code, pre { font: 12.5px/1.45 ui-monospace, "DejaVu Sans Mono", monospace }
code { overflow-wrap: anywhere } .note, .dim { color: var(--dim) } .note { max-width: 80ch; margin: 4px 0 12px }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 8px 0 16px }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 10px }
.tiles div { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px }
.tiles b { display: block; white-space: nowrap; font-size: 20px; line-height: 1.2; font-weight: 600 } .tiles span { color: var(--dim); font-size: 13px }
.filter { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 10px } .filter[hidden] { display: none }
input, select, button { font: inherit; font-size: 14px; color: inherit; background: var(--raised); border: 1px solid var(--line);
  border-radius: 6px; padding: 4px 8px } input { flex: 1 1 200px; min-width: 0 } button { cursor: pointer }
summary { cursor: pointer } summary:hover { background: var(--raised) }
.finding { border-top: 1px solid var(--line) } .finding[hidden] { display: none } .finding:last-of-type { border-bottom: 1px solid var(--line) }
.finding > summary { padding: 8px 4px; display: grid; grid-template-columns: 108px minmax(0, 1fr); gap: 2px 12px; list-style: none }
.finding > summary::-webkit-details-marker { display: none }
.finding > summary::after { content: none } .finding .said { overflow-wrap: anywhere }
.finding .meta { grid-column: 2; color: var(--dim); font-size: 13px; overflow-wrap: anywhere }
.finding[open] > summary { background: var(--raised) } .finding .body { padding: 0 4px 16px }
.badge-confirmed { color: var(--red); font-weight: 600 } .badge-unstable { color: var(--amber); font-weight: 600 }
.badge-contaminated { color: var(--dim); font-weight: 600 } .state-fixed { color: var(--green) } .state-accepted { color: var(--dim) }
pre { margin: 8px 0; padding: 12px; background: var(--raised); border: 1px solid var(--line); border-radius: 8px; overflow-x: auto;
  max-height: 70vh } .tools { display: flex; gap: 8px; align-items: center; margin-top: 8px }
.wide { overflow-x: auto } .one-line { white-space: nowrap } .arguments { min-width: 22em } table { border-collapse: collapse; font-size: 13.5px } th { text-align: left; color: var(--dim); font-weight: 500 }
td, th { padding: 3px 14px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.known { border-top: 1px solid var(--line) } .known:last-of-type { border-bottom: 1px solid var(--line) }
.known > summary { padding: 6px 4px; display: grid; grid-template-columns: 60px minmax(0, 1fr); gap: 2px 12px; list-style: none }
.known > summary::-webkit-details-marker { display: none } .known[open] > summary { background: var(--raised) } .known .body { padding: 0 4px 12px }
.coverage { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 380px), 1fr)); gap: 0 28px; align-items: start }
.coverage details { border-top: 1px solid var(--line); padding: 3px 0; min-width: 0 } .coverage details[open] { grid-column: 1 / -1 }
.coverage summary { max-width: 380px; display: grid; grid-template-columns: 130px 1fr 84px; gap: 10px; align-items: center }
.coverage .bar { height: 8px; border-radius: 4px; background: var(--track); overflow: hidden } .coverage .bar span { display: block; height: 100%; background: var(--bar) }
.coverage .why { color: var(--dim); margin: 10px 0 2px } .coverage ul { margin: 2px 0; padding-left: 20px }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 18px }
figure { margin: 0; min-width: 0 } figcaption { color: var(--dim) } figcaption b { color: var(--ink); margin-left: 6px } .plots svg { width: 100%; height: auto; display: block }
.grid { stroke: var(--line); fill: none } .limit { stroke: var(--dim); stroke-dasharray: 4 4; fill: none }
.curve { stroke: var(--curve); stroke-width: 2; fill: none; stroke-linejoin: round } .spot { fill: var(--curve); opacity: 0 } .spot:hover { opacity: 1 }
.axis { fill: var(--dim); font-size: 11px } .axis.y, .axis.unit { text-anchor: end } .axis.x { text-anchor: middle }
.diagram { width: 100%; min-width: 900px; display: block; font-family: system-ui, sans-serif }
.diagram .edge { fill: none; stroke: var(--dim); opacity: .75 } .diagram .edge.never { stroke-dasharray: 3 4; opacity: .4 }
.diagram .edge.diverges { stroke: var(--red); opacity: .9 } .diagram .edge:hover { opacity: 1; stroke: var(--link) }
.arrow path { fill: var(--dim) } .arrow.diverges path { fill: var(--red) } .arrow.never path { opacity: .4 }
.diagram .label { font-size: 10.5px; text-anchor: middle; fill: var(--ink); paint-order: stroke; stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round }
.diagram [data-minor] { opacity: .16 } .diagram .label[data-minor] { opacity: 0 } .diagram .phase:focus { outline: none }
.diagram .label.diverges { fill: var(--red) } .diagram .label.never { fill: var(--dim) }
.phase rect { fill: var(--raised); stroke: var(--dim); stroke-width: 1.2 } .phase.bad rect { stroke: var(--red) }
.phase text { text-anchor: middle; font-size: 13px; fill: var(--ink) } .phase .small { font-size: 10.5px; fill: var(--dim) }
.phase:is(:hover,:focus) rect { stroke: var(--link); stroke-width: 3 } .phase.idle { opacity: .4 }
.phase circle { fill: var(--red) } .phase .badge { fill: var(--ground); font-size: 11px; font-weight: 700 }
.key-diverges { color: var(--red); font-weight: 600 } .diverge dt { font-weight: 600; margin-top: 8px } .diverge dd { margin: 0; columns: 2 440px }
.diverge a { display: block; text-decoration: none; overflow-wrap: anywhere; font-size: 13px }
@media (max-width: 640px) { body { padding: 12px 12px 40px; font-size: 14.5px }
  .finding > summary { grid-template-columns: minmax(0, 1fr) } .finding .meta { grid-column: 1 } .report { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px } .coverage summary { max-width: none; grid-template-columns: 110px 1fr 76px } }
)CSS";
}

std::string_view PageScript() {
  return R"JS(
const findings = [...document.querySelectorAll('.finding')];
const filter = document.querySelector('.filter');
if (filter) {
  filter.hidden = false;
  const [text, kind, state, call] = filter.elements;
  const shown = filter.querySelector('output');
  const apply = () => {
    let count = 0;
    for (const f of findings) {
      const d = f.dataset;
      f.hidden = (kind.value && d.kind !== kind.value) || (state.value && d.state !== state.value) ||
        (call.value && d.call !== call.value) || !f.firstElementChild.textContent.toLowerCase().includes(text.value.toLowerCase());
      count += !f.hidden;
    }
    shown.textContent = `${count} of ${findings.length}`;
  };
  for (const one of [text, kind, state, call]) one.addEventListener('input', apply);
  apply();
}
for (const button of document.querySelectorAll('button.copy')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.closest('details').querySelector('pre').textContent);
    button.textContent = 'copied';
  });
}
const open = () => {
  let at = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  for (let up = at; up; up = up.parentElement) if (up.tagName === 'DETAILS') up.open = true;
  if (at) { at.hidden = false; at.scrollIntoView(); }
};
addEventListener('hashchange', open);
open();
)JS";
}

}  // namespace sockspec
