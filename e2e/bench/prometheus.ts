/** One line of a Prometheus text exposition. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Samples of one metric; everything else is skipped unread (kube-apiserver serves megabytes). */
export function samplesOf(text: string, name: string): Sample[] {
  const samples: Sample[] = []
  for (let at = text.indexOf(`\n${name}`); at >= 0; at = text.indexOf(`\n${name}`, at + 1)) {
    const line = text.slice(at + 1, text.indexOf('\n', at + 1))
    const next = line[name.length]
    if (next !== '{' && next !== ' ') continue
    const space = line.lastIndexOf(' ')
    const labels = Object.fromEntries(
      [...line.slice(0, space).matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, value]),
    )
    samples.push({ labels, value: Number(line.slice(space + 1)) })
  }
  return samples
}

/** Sum of a metric's samples that match. */
export function total(text: string, name: string, matches: (labels: Sample['labels']) => boolean = () => true): number {
  return samplesOf(text, name)
    .filter(({ labels }) => matches(labels))
    .reduce((sum, { value }) => sum + value, 0)
}
