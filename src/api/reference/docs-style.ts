/** Style sheet of the reference. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1c2430; --soft: #5b6675; --line: #dde2e9; --back: #fff; --raised: #f5f7fa; --link: #0b57d0; --get: #1769aa; --put: #8a5a00; --post: #1b7f4b; --delete: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --text: #e5e9f0; --soft: #9aa5b4; --line: #2f3845; --back: #12161c; --raised: #1a2029; --link: #8ab4f8; --get: #7cb7ec; --put: #e0b35c; --post: #6fcf97; --delete: #f28b82; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body { margin: 0; display: grid; grid-template-columns: 20rem minmax(0, 1fr); color: var(--text); background: var(--back); font: 15px/1.5 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1rem; border-right: 1px solid var(--line); background: var(--raised); }
nav h1 { font-size: 1.1rem; margin: 0 0 .75rem; } nav h1 a { color: inherit; }
nav ul { list-style: none; margin: .25rem 0 .75rem; padding: 0; } nav li a { display: block; padding: .15rem .3rem; color: inherit; border-radius: 4px; font-size: 13px; }
nav li a:has(.method) { display: flex; gap: .25rem; } nav .method { flex: none; line-height: 1.9; min-width: 4em; }
nav li a:hover { background: var(--line); text-decoration: none; } nav summary { cursor: pointer; font-weight: 600; padding: .2rem 0; }
nav input { width: 100%; padding: .45rem .6rem; margin-bottom: .75rem; border: 1px solid var(--line); border-radius: 6px; background: var(--back); color: inherit; font: inherit; }
main { padding: 1.5rem clamp(1rem, 4vw, 3rem); max-width: 72rem; }
h2 { margin-top: 3rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); } h4 { margin: 1.2rem 0 .4rem; }
article { margin: 2rem 0; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 8px; } article h3 { margin-top: 0; }
article:target { border-color: var(--link); box-shadow: 0 0 0 1px var(--link); }
.anchor { visibility: hidden; font-weight: 400; } h3:hover .anchor, .anchor:focus { visibility: visible; }
.path { overflow-wrap: anywhere; } small { color: var(--soft); font-weight: 400; }
.method { display: inline-block; min-width: 3.6em; font: 700 11px/1.6 ui-monospace, monospace; color: var(--get); } .method.put { color: var(--put); } .method.post { color: var(--post); } .method.delete { color: var(--delete); }
.status { font-family: ui-monospace, monospace; } .s2 { color: var(--post); } .s4 { color: var(--put); } .s5 { color: var(--delete); }
table { width: 100%; border-collapse: collapse; font-size: 14px; } th { text-align: left; color: var(--soft); font-weight: 600; } th, td { padding: .35rem .5rem; border-top: 1px solid var(--line); vertical-align: top; } td table { margin-top: .5rem; }
td { overflow-wrap: break-word; } th:not(:last-child), td:not(:last-child) { width: 1px; white-space: nowrap; padding-right: 1rem; } td[colspan] { white-space: normal; } code, pre { font-family: ui-monospace, SFMono-Regular, monospace; font-size: 13px; }
.required { color: var(--delete); margin-left: 2px; } .limits span { display: inline-block; margin-right: .8rem; color: var(--soft); font-size: 12.5px; }
.code { position: relative; } pre { margin: 0; padding: .8rem 1rem; overflow-x: auto; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; }
.copy { position: absolute; top: .5rem; right: .5rem; padding: .2rem .6rem; border: 1px solid var(--line); border-radius: 5px; background: var(--back); color: inherit; font: inherit; font-size: 12px; cursor: pointer; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: 1rem; background: var(--back); padding: .5rem; z-index: 1; }
[hidden] { display: none !important; }
@media (max-width: 60rem) { body { display: block; } nav { position: static; height: auto; max-height: 50vh; border-right: 0; border-bottom: 1px solid var(--line); } article { padding: .75rem; overflow-x: auto; } th:not(:last-child), td:not(:last-child) { white-space: normal; } dl { display: block; } }
@media print { nav, .copy { display: none; } body { display: block; } }
`

/** Filter and copy buttons; the page is complete without. */
export const SCRIPT = `
'use strict';
const filter = document.getElementById('filter');
const links = [...document.querySelectorAll('nav li')];
filter.addEventListener('input', () => {
  const words = filter.value.toLowerCase().split(/\\s+/);
  for (const item of links) {
    const target = document.getElementById(item.firstElementChild.hash.slice(1));
    const path = target?.querySelector('.path')?.textContent ?? '';
    const text = (item.textContent + ' ' + path).toLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
  }
  for (const group of document.querySelectorAll('nav details')) {
    group.hidden = group.querySelector('li:not([hidden])') === null;
    if (filter.value !== '') group.open = true;
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== filter) { event.preventDefault(); filter.focus(); }
});
if (navigator.clipboard) for (const button of document.querySelectorAll('.copy')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
}
`
