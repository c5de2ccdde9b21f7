import type { Reply } from '../../stand-in/call.ts'
import { Refusal } from '../../stand-in/model.ts'
import type { Switches } from './switches.ts'

/** What is wrong with a field. */
export class Wrong extends Refusal {
  readonly field: string
  constructor(field: string, message: string) {
    super(400, 'validation', message)
    this.field = field
  }
}

/** What is right, and comes too early: refused without saying so by field. */
export const notReady = (message: string): Refusal => new Refusal(400, 'not_ready', message)
/** An object in transit. */
export const inTransit = (): Wrong => new Wrong('Status', 'Invalid status')

const errorsOf = (field: string, message: string, shape: Switches['errorShape']) =>
  ({
    message: [{ field, message }],
    errorMessage: [{ fieldName: field, errorMessage: message }],
    propertyName: [{ propertyName: field, errorMessage: message }],
    map: { [field]: [message] },
  })[shape]

/** A refusal as the cloud words it (RFC 7807). */
export function problemOf(refusal: Refusal, { errorShape }: Pick<Switches, 'errorShape'>): Reply {
  const { code, message } = refusal
  // Moods are refusals of this cloud, too: it knows no 409 or 423.
  const status = code === 'not_now' ? 400 : refusal.status
  const shared = { type: 'https://tools.ietf.org/html/rfc7231#section-6.5.1', status, traceId: '00-stand-in-00' }
  if (!(refusal instanceof Wrong)) return { status, body: { ...shared, title: message } }
  const errors = errorsOf(refusal.field, message, errorShape)
  return { status, body: { ...shared, title: 'One or more validation errors occurred.', errors } }
}
