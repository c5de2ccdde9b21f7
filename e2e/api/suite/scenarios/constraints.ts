import { CONFORMANCE, newName } from '../fixtures.ts'
import type { Resource } from '../resource.ts'
import type { Steps } from '../steps.ts'

/** What no resource may have: the suite tries these with every kind. */
export async function refuseEnvelopes(steps: Steps, of: Resource): Promise<void> {
  const wrong = (change: Partial<Resource>): Resource => ({ ...of, name: newName(of.kind), ...change })
  await steps.refused('a name of more than 128 characters', wrong({ name: 'a'.repeat(129) }))
  await steps.refused('a name with upper-case letters', wrong({ name: 'Invalid-Name-With-Uppercase' }))
  await steps.refused('a label of more than 63 characters', wrong({ labels: { ...CONFORMANCE, 'constraint-test': 'x'.repeat(64) } }))
  await steps.refused('an annotation of more than 1024 characters', wrong({ annotations: { 'long-annotation': 'y'.repeat(1_025) } }))
}

/** Specs that are refused; the messages name the field. */
export async function refuseSpecs(steps: Steps, of: Resource, specs: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  for (const spec of specs)
    await steps.refused(`wrong ${Object.keys(spec).join(', ')}`, { ...of, name: newName(of.kind), spec: { ...of.spec, ...spec } })
}

const NOWHERE = 'non-existent-workspace'

/** Refused for where it is: a region that is not served, a workspace that was never made. */
export async function refusePlaces(steps: Steps, of: Resource): Promise<void> {
  await steps.refused('an unknown region', { ...of, name: newName(of.kind), region: 'invalid-region' })
  const network = of.network === undefined ? {} : { network: 'non-existent-network' }
  await steps.refused('an unknown workspace', { ...of, name: newName(of.kind), workspace: NOWHERE, ...network })
}
