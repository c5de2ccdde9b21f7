/** What keys of our own begin with: nobody's label is one of them. */
export const OURS = 'seca.'

/** How a service keeps the keys of labels, which may be any text in SECA. */
export interface LabelKeys {
  readonly of: (key: string) => string
  readonly from: (kept: string) => string
}

/** Bytes of what a service does not take, as `:2f`; whatever it takes stays as it is, so that the keys of others are never written anew. */
function keysWith(more: string): LabelKeys {
  const [plain, strange] = [new RegExp(`^[A-Za-z0-9_:. ${more}-]{1,255}$`), new RegExp(`[^A-Za-z0-9_. ${more}-]`, 'gu')]
  const bytes = (text: string) => Buffer.from(text).toString('hex').replace(/../g, ':$&')
  const escaped = (key: string): string =>
    key.startsWith(OURS) ? bytes(OURS) + escaped(key.slice(OURS.length)) : key.replace(strange, bytes)
  const unescaped = (kept: string) => kept.replace(/(:[0-9a-f]{2})+/g, (run) => Buffer.from(run.replaceAll(':', ''), 'hex').toString())
  const of = (key: string): string => (plain.test(key) && !key.startsWith(OURS) && from(key) === key ? key : escaped(key))
  const from = (kept: string): string => {
    const key = unescaped(kept)
    return key !== kept && of(key) === kept ? key : kept
  }
  return { of, from }
}

/** Nova takes no slash in keys of metadata… */
export const NOVA_KEYS = keysWith('')
/** …and Cinder does. */
export const CINDER_KEYS = keysWith('/')
