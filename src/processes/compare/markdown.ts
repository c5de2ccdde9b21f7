import { type Report, sumOf } from './report.ts'
import { coverageOf, fieldRows, kindRows, leftOutRows, resourceRows, troubleRows } from './rows.ts'
import { aboutOf, counts, FIELD_WORDS, headlineOf, LEGEND, LEVEL_WORDS, sumWords, time, titleOf, trackWords, WHEN_WORDS } from './words.ts'

/** Text that stays in its cell, and is text. */
const cell = (text: string) =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\|<>`*_[\]]/g, (mark) => `\\${mark}`)
    .trim()

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

/** The report as Markdown. */
export function asMarkdown(report: Report): string {
  const parts = [
    `# ${cell(titleOf(report))}`,
    `${aboutOf(report)} ${report.made.slice(0, 16).replace('T', ' ')} UTC, seca-operator ${report.version}.`,
    ...(report.regions.some(({ tracks }) => tracks.length > 0) ? trialOf(report) : []),
    ...leftOutOf(report),
    ...abilitiesOf(report),
  ]
  return `${parts.join('\n\n')}\n`
}

function trialOf(report: Report): readonly string[] {
  const { regions } = report
  const names = regions.map(({ name }) => name)
  const sums = regions.map(sumOf)
  const gone = sums.some(({ goneMs }) => goneMs !== undefined) ? [['all gone after', ...sums.map(({ goneMs }) => time(goneMs))]] : []
  const troubles = troubleRows(report)
  return [
    '## At a glance',
    headlineOf(report),
    table(
      ['', ...names],
      [
        ['provider', ...regions.map(({ provider, cloudProvider }) => `${provider} (${cloudProvider})`)],
        ['resources', ...sums.map(sumWords)],
        [report.mode === 'read' ? 'slowest ready after' : 'ready after', ...sums.map(({ readyMs }) => time(readyMs))],
        ...gone,
        ['left out', ...sums.map(({ leftOut }) => String(leftOut))],
        ['as claimed', ...sums.map(({ isWell }) => (isWell ? 'yes' : 'no'))],
      ],
    ),
    ...regions.flatMap(({ name, broken }) =>
      broken === undefined ? [] : [`**${cell(name)} was not gone through to the end:** ${cell(broken)}`],
    ),
    '## Time to ready, by kind',
    'The longest of each kind.',
    table(
      ['Kind', ...names],
      kindRows(report).map(({ kind, count, readyMs }) => [count === 1 ? kind : `${kind} (${count})`, ...readyMs.map(time)]),
    ),
    '## Resources',
    table(
      ['Resource', ...names],
      resourceRows(report).map(({ kind, name, tracks }) => [`${kind} ${name}`, ...tracks.map(trackWords)]),
    ),
    '## What the clouds said',
    ...(troubles.length === 0
      ? ['Nothing went wrong.']
      : [
          table(
            ['Region', 'When', 'Reason', "In the cloud's words", 'Resources'],
            troubles.map(({ region, when, reason, message, objects }) => [region, WHEN_WORDS[when], reason, message, objects.join(', ')]),
          ),
        ]),
    '## Calls',
    `${report.calls.length === 0 ? 'Calls were ' : 'Calls '}${report.aboutCalls}.`,
    ...(report.calls.length === 0
      ? []
      : [
          table(
            ['Provider', 'Regions', 'Calls', 'What', 'Not answered well, and made again'],
            report.calls.map(({ provider, regions: of, total, byVerb, notOk }) => [
              provider,
              of.join(', '),
              String(total),
              counts(byVerb),
              counts(notOk),
            ]),
          ),
        ]),
  ]
}

function leftOutOf({ regions }: Report): readonly string[] {
  const rows = leftOutRows({ regions }).map(({ region, object, why }) => [region, object, why])
  const remarks = regions.flatMap(({ name, remarks: words }) => words.map((text) => `* ${cell(name)}: ${cell(text)}`))
  return [
    ...(rows.length === 0 ? [] : ['## Left out', table(['Region', 'What', 'Why'], rows)]),
    ...(remarks.length === 0 ? [] : ['## To be known', remarks.join('\n')]),
  ]
}

function abilitiesOf({ kinds, columns }: Report): readonly string[] {
  const names = columns.map(({ name, type }) => (name === type ? name : `${name} (${type})`))
  const coverage = columns.map(coverageOf)
  return [
    '## What each can do',
    table(
      ['Kind', ...names],
      [
        ...kinds.map((kind) => [
          kind,
          ...columns.map(({ kinds: own }) => {
            const { level, note } = own[kind] ?? { level: 'missing' }
            return note === undefined ? LEVEL_WORDS[level] : `${LEVEL_WORDS[level]}; ${note}`
          }),
        ]),
        ['kinds', ...coverage.map(({ kinds: some, all }) => `${some} of ${all}`)],
        ['fields that can be changed', ...coverage.map(({ changeable, fields }) => `${changeable} of ${fields}`)],
      ],
    ),
    LEGEND.levels,
    '## Fields',
    LEGEND.fields,
    ...kinds.flatMap((kind) => {
      const rows = fieldRows(kind, columns)
      const words = rows.map(({ path, abilities }) => [path, ...abilities.map((one) => (one === undefined ? '–' : FIELD_WORDS[one]))])
      return rows.length === 0 ? [] : [`### ${kind}`, table(['Field', ...names], words)]
    }),
  ]
}
