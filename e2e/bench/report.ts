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
  return grid([
    ['Measured', 'Value', 'Aim', 'Met', 'Remarks'],
    ...figures.map(({ name, value, aim = '', met, note = '' }) => [name, value, aim, met === undefined ? '' : met ? 'yes' : 'no', note]),
  ])
}

/** A Markdown table of rows, the first of which is the head; the last column is as wide as it needs to be. */
export function grid(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0
  const widths = Array.from({ length: columns - 1 }, (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), line([...widths.map((width) => '-'.repeat(width)), '-------']), ...body.map(line)].join('\n')
}
