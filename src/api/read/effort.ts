import { inParameter, Refusal } from '../problem.ts'

/** Steps (about a character looked at, some nanoseconds) that the selector of one LIST may take. */
const TOTAL = 200_000_000
/** And on one object: a stretch in which nobody else comes to turn. */
const AT_ONCE = 2_000_000

/** What a selector may cost; far above what a filter of anybody needs, even on 10 000 objects. */
export class Effort {
  #total = TOTAL
  #atOnce = AT_ONCE

  /** Takes what is about to be done off; throws 400 when that is too much. */
  spend(steps: number): void {
    this.#total -= steps
    this.#atOnce -= steps
    if (this.#total >= 0 && this.#atOnce >= 0) return
    throw new Refusal('InvalidRequest', 'the label selector takes too long on these objects; write keys without "*", or fewer patterns', {
      sources: [inParameter('labels')],
    })
  }

  /** The next object: answers the steps that the one before took. */
  next(): number {
    const steps = AT_ONCE - this.#atOnce
    this.#atOnce = AT_ONCE
    return steps
  }
}
