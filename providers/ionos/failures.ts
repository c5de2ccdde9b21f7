import type { FailureClass } from '../../src/provider/errors.ts'

interface Trouble {
  readonly messages?: readonly { readonly errorCode?: string; readonly message?: string }[]
}

const LATER = /delete-protected|contains nics|managed by kubernetes|VDC-2-|in use|busy|locked/i
const LIMIT = /limit|quota|exceed/i

/** What refusals mean: 403 is about one request, and much of what is refused now is right later. */
export function classify(status: number, body: unknown): FailureClass | undefined {
  const said = (body as Trouble | undefined)?.messages ?? []
  const words = said.map(({ errorCode = '', message = '' }) => `${errorCode} ${message}`).join(' ')
  if (status === 423 || status === 409 || said.some(({ errorCode }) => errorCode === '452')) return 'waiting'
  if ([400, 403, 422].includes(status) && LATER.test(words)) return 'waiting'
  if ([403, 422].includes(status) && LIMIT.test(words)) return 'quota'
  if (status === 402) return 'quota'
  return undefined
}

/** What a request that failed late means: for want of room it may do later. */
export const ofRequest = (message: string): FailureClass => (LIMIT.test(message) ? 'quota' : 'waiting')
