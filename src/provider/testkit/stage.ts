import { test, type TestContext } from 'vitest'
import type { Account, Connection, Provider } from '../contract.ts'
import type { Entry, Sample, World } from './world.ts'

/** Ways to make trouble in the cloud under test. Without one of them the tests that need it are skipped, and listed as such. */
export interface Trouble {
  /** Requests are throttled while `work` runs. */
  throttled?(work: () => Promise<void>): Promise<void>
  /** Operations take long enough to be seen under way while `work` runs. */
  slow?(work: () => Promise<void>): Promise<void>
  /** The next create is done, and its answer lost. */
  dropNextCreate?(kind: string): Promise<void>
  /** Somebody deletes the object in the cloud's own console; resolves when it is gone. */
  deleteBehind?(kind: string, externalId: string): Promise<void>
  /** Somebody changes something in it that the spec says otherwise. */
  changeBehind?(kind: string, externalId: string): Promise<void>
  /** Puts another tag on it, `''` = none. */
  retag?(kind: string, externalId: string, tag: string): Promise<void>
  /** No request is answered while `work` runs. */
  silent?(work: () => Promise<void>): Promise<void>
}

export interface Harness {
  readonly provider: Provider
  readonly settings: unknown
  readonly credentials: Readonly<Record<string, string>>
  /** Well-formed, and wrong. */
  readonly wrongCredentials: Readonly<Record<string, string>>
  readonly region: string
  /** In the cloud's words, where they are others. */
  readonly cloudRegion?: string
  readonly zone: string
  /** SKU specs by `StorageSku/name`. */
  readonly catalogue: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** One or more per kind, in order of dependency; all of them are made and used by the others. */
  readonly samples: readonly Sample[]
  readonly trouble: Trouble
  readonly pollMs: number
  readonly patienceMs: number
  /** Objects of the first kind to make for the test of paging; more than a page. */
  readonly manyObjects: number
  /** The cloud refuses and breaks off at random. */
  readonly isMoody?: boolean
  /** Random sequences that are tried; 30 if absent. */
  readonly randomRuns?: number
}

/** What the tests share once the suite has started. */
export interface Stage {
  readonly harness: Harness
  readonly world: World
}

/** A test that is skipped, visibly, where the harness cannot make the trouble that it needs. */
export function testWith(
  can: readonly (keyof Trouble)[],
  needs: keyof Trouble,
  name: string,
  body: (context: TestContext) => Promise<void>,
): void {
  test.skipIf(!can.includes(needs))(name, body)
}

/** The first sample of a kind. */
export function firstOf({ harness }: Stage, kind: string): Sample {
  const sample = harness.samples.find((one) => one.kind === kind)
  if (!sample) throw new Error(`the harness has no sample of ${kind}`)
  return sample
}

/** A new object of a kind, converged. */
export async function made(stage: Stage, kind: string): Promise<Entry> {
  const entry = await stage.world.fresh(firstOf(stage, kind))
  await stage.world.converge(entry)
  return entry
}

export function open(harness: Harness, credentials: Readonly<Record<string, string>>): Connection {
  const { provider, region, cloudRegion = region } = harness
  const account: Account<Record<string, unknown>, Record<string, unknown>> = {
    region,
    cloudRegion,
    settings: provider.settings.parse(harness.settings),
    credentials: provider.credentials.parse(credentials),
    acquire: () => Promise.resolve(),
  }
  return provider.connect(account)
}
