import { expect, test } from 'vitest'
import type { KindDefinition } from '../kinds/kind.ts'
import type { CallContext, Desired, Observed, ResourceAdapter } from './contract.ts'
import { withSteps } from './steps.ts'

const context: CallContext = { signal: new AbortController().signal }

function adapter(calls: string[]): ResourceAdapter {
  const below: ResourceAdapter = {
    observe: () => Promise.resolve(undefined),
    create: () => Promise.resolve({}),
    update: (_desired, seen) => Promise.resolve(void calls.push(`below ${seen.drift.join()}`)),
    delete: () => Promise.resolve(),
  }
  const step = (name: string) => () => Promise.resolve(void calls.push(name))
  return withSteps(below, { volumes: step('volumes'), 'nics[]': step('nics'), size: step('size') })
}

test.each([
  [['size', 'volumes[1].deviceRef'], 'volumes'],
  [['size', 'labels'], 'size'],
  [['labels'], 'below labels'],
  [['volumesOfOthers'], 'below volumesOfOthers'],
])('%j takes one step, the first of the table', async (drift, call) => {
  const calls: string[] = []
  await adapter(calls).update?.({} as Desired<KindDefinition>, { status: {}, drift } as Observed, context)
  expect(calls).toEqual([call])
})
