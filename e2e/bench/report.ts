/** One row of the table. */
export interface Figure {
  readonly name: string
  readonly value: string
  readonly aim?: string
  readonly met?: boolean
  readonly note?: string
}

/** A Markdown table whose columns line up on a terminal as well. */
export function table(figures: readonly Figure[]): string {
  const rows = [
    ['Measured', 'Value', 'Aim', 'Met', 'Remarks'],
    ...figures.map(({ name, value, aim = '', met, note = '' }) => [name, value, aim, met === undefined ? '' : met ? 'yes' : 'no', note]),
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), line([...widths.map((width) => '-'.repeat(width)), '-------']), ...body.map(line)].join('\n')
}
