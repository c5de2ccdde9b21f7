/** Style sheet of the report: light and dark, on a phone, on paper. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1c2430; --soft: #5b6675; --line: #dde2e9; --back: #fff; --raised: #f6f8fa; --good: #146c43; --good-back: #d9f2e4; --bad: #9b1c13; --bad-back: #fbe1df; --waiting: #c3cad4; --creating: #2f7dd1; --active: #3a9d6a; --updating: #d99a1c; --deleting: #9a7bc8; --error: #cf3f35; --s0: #2f7dd1; --s1: #c2681a; --s2: #2a8f7c; --s3: #8a5bc2; --s4: #b8487f; --s5: #6b7a1e; }
@media (prefers-color-scheme: dark) { :root { --text: #e5e9f0; --soft: #9aa5b4; --line: #2f3845; --back: #12161c; --raised: #1a2029; --good: #7fd8a8; --good-back: #173527; --bad: #f5a39b; --bad-back: #45201d; --waiting: #4a5565; --creating: #5b9fe3; --active: #4fb583; --updating: #dfae4d; --deleting: #a98ed6; --error: #e0675e; --s0: #5b9fe3; --s1: #e0955a; --s2: #4fb5a2; --s3: #ad8ae0; --s4: #dc7fae; --s5: #a8b852; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 2rem clamp(1rem, 4vw, 3rem) 4rem; color: var(--text); background: var(--back); font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 .5rem; font-size: 1.7rem; line-height: 1.25; } h2 { margin: 2.75rem 0 .6rem; font-size: 1.25rem; } header p { margin: .25rem 0; max-width: 60rem; }
.soft, small, caption { color: var(--soft); } small { font-weight: 400; font-size: .87em; } section > .soft { margin: 0 0 .8rem; max-width: 60rem; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, monospace; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.card { padding: 1rem 1.2rem; border: 1px solid var(--line); border-top: 4px solid var(--series); border-radius: 8px; background: var(--raised); break-inside: avoid; }
.card h3 { display: flex; justify-content: space-between; align-items: center; gap: .5rem; margin: 0; font-size: 1.1rem; } .card p { margin: .1rem 0; } .big { font-size: 2.2rem; font-weight: 650; line-height: 1.3; } .big small { font-size: .95rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0 0; } dt { color: var(--soft); } dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
.pill { display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .8rem; font-weight: 600; white-space: nowrap; } .pill.good { color: var(--good); background: var(--good-back); } .pill.bad, .broken { color: var(--bad); background: var(--bad-back); } .broken { padding: .3rem .5rem; border-radius: 6px; overflow-wrap: anywhere; }
.s0 { --series: var(--s0); } .s1 { --series: var(--s1); } .s2 { --series: var(--s2); } .s3 { --series: var(--s3); } .s4 { --series: var(--s4); } .s5 { --series: var(--s5); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 14px; } th, td { padding: .4rem .6rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; } thead th { border-top: 0; color: var(--soft); font-weight: 600; } tbody th { font-weight: 500; } tfoot { font-weight: 600; } .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bars th { width: 12rem; } .bars td { white-space: nowrap; font-variant-numeric: tabular-nums; } .bar { display: inline-block; height: .8em; min-width: 2px; margin-right: .3rem; border-radius: 2px; background: var(--series); vertical-align: baseline; }
.timeline { table-layout: fixed; min-width: 38rem; margin-bottom: 1.5rem; } .timeline caption { padding: .3rem .6rem; text-align: left; font-size: 1.05rem; font-weight: 600; color: var(--text); } .timeline th:first-child { width: 15rem; overflow-wrap: anywhere; } .timeline .number { width: 6.2rem; } .timeline tbody th, .timeline tbody td { padding-block: .18rem; vertical-align: middle; } .timeline tbody small { display: inline-block; min-width: 5.5em; }
.axis, .track { position: relative; display: block; height: 1.1em; } .axis i { position: absolute; font-style: normal; font-weight: 400; font-size: 12px; white-space: nowrap; border-left: 1px solid var(--line); padding-left: 3px; } .track { height: 14px; background: var(--raised); border-radius: 3px; } .track i { position: absolute; top: 0; bottom: 0; min-width: 2px; border-radius: 2px; }
.waiting { background: var(--waiting); } .creating { background: var(--creating); } .active { background: var(--active); } .updating { background: var(--updating); } .deleting { background: var(--deleting); } .error { background: var(--error); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 0 0 1rem; padding: 0; list-style: none; font-size: 13px; } .legend i { display: inline-block; width: 1rem; height: .75rem; margin-right: .4rem; border-radius: 2px; }
.track, .bar, .pill, .legend i, .card { print-color-adjust: exact; -webkit-print-color-adjust: exact; } .track i { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.abilities td > span { display: inline-block; width: 1.2em; } td.own > span { color: var(--good); } td.part > span { color: var(--updating); } td.missing, td.missing > span { color: var(--bad); } td.nothing { color: var(--soft); }
td.change { color: var(--good); } td.unused { color: var(--bad); } tr.differs th, tr.differs td { background: var(--raised); }
details { border-top: 1px solid var(--line); } summary { padding: .45rem .2rem; cursor: pointer; font-weight: 600; } details table { margin: 0 0 1rem; } details th:first-child { width: 16rem; }
:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }
@media print { body { padding: 0; max-width: none; font-size: 12px; } h2 { break-after: avoid; } tr { break-inside: avoid; } .wide { overflow: visible; } details::details-content { content-visibility: visible; block-size: auto; } }
`
