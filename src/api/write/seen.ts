import type { Holder } from '../../resolve/blockers.ts'
import { attemptOf, targetOf } from '../path/target.ts'
import type { Writing } from './writing.ts'

/** Whether the caller may `get` an object: before that, an answer tells nothing of it. */
export async function maySee(
  { context, caller, signal }: Pick<Writing, 'context' | 'caller' | 'signal'>,
  { kind, object }: Holder,
): Promise<boolean> {
  const target = targetOf(context.cache, kind, object)
  return target !== undefined && (await context.authorizer.authorize(caller, attemptOf(target, 'get'), signal)).isAllowed
}
