import { afterAll, beforeAll, describe } from 'vitest'
import { accountTests } from './testkit/account-tests.ts'
import { kindTests } from './testkit/kind-tests.ts'
import { partTests } from './testkit/part-tests.ts'
import { type Harness, open, type Stage, type Trouble } from './testkit/stage.ts'
import { unmanagedTests } from './testkit/unmanaged-tests.ts'
import { World } from './testkit/world.ts'

export type { Harness, Trouble } from './testkit/stage.ts'
export type { Sample } from './testkit/world.ts'

interface Suite {
  readonly name: string
  /** Runs before all tests. */
  start(): Promise<Harness>
  /** Runs after all tests. */
  stop(): Promise<void>
  /** Kinds to test; each has a sample. */
  readonly kinds: readonly string[]
  /** Kinds whose objects are parts of others; each has a sample that says with which one it is made. */
  readonly parts?: readonly string[]
  /** Trouble that the harness is able to make. */
  readonly can: readonly (keyof Trouble)[]
}

/** What every adapter has to keep, whatever the cloud. Registers vitest tests. */
export function providerSuite({ name, start, stop, kinds, parts = [], can }: Suite): void {
  describe(`provider ${name}`, () => {
    let running: Stage | undefined
    const stage = (): Stage => {
      if (!running) throw new Error('the suite has not started')
      return running
    }

    beforeAll(async () => {
      const harness = await start()
      running = { harness, world: new World({ ...harness, connection: open(harness, harness.credentials) }) }
      await running.world.build()
    }, 300_000)
    afterAll(async () => {
      await running?.world.connection.close()
      await stop()
    })

    kindTests(stage, kinds, can)
    partTests(stage, parts, can)
    unmanagedTests(stage, kinds, can)
    accountTests(stage, kinds, can)
  })
}
