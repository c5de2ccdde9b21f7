import { describe, expect, it } from 'vitest'
import { brief, ward } from '../testing.ts'
import { clouds } from './clouds.ts'
import { regions } from './regions.ts'

const condition = (type: string, status: string, reason = 'Active', message = 'all is well') => ({ type, status, reason, message })
const GOOD = [condition('Ready', 'True'), condition('Synced', 'True')]

function patient(conditions: readonly object[] = GOOD, data: Record<string, string> | null = { token: 'hunter22' }, more: object = {}) {
  const one = ward()
  one.server.add({
    apiVersion: 'operator.secapi.cloud/v1alpha1',
    kind: 'CloudProvider',
    metadata: { name: 'acme' },
    spec: { type: 'simulator', credentialsSecretRef: { name: 'acme-secret' }, settings: {}, ...more },
    status: { conditions },
  } as never)
  if (data !== null)
    one.server.add({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'acme-secret', namespace: 'seca-system' },
      data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
    } as never)
  return one
}

describe('a cloud', () => {
  it('is in order', async () => expect(brief(await patient().run(clouds))).toEqual(['ok: CloudProvider acme (simulator) is ready']))

  it.each([
    ['whose Secret is missing', patient(GOOD, null), 'fail: Secret seca-system/acme-secret of CloudProvider acme is not there'],
    [
      'whose Secret lacks a key',
      patient(GOOD, { tokn: 'hunter22' }),
      'fail: Secret seca-system/acme-secret of CloudProvider acme lacks, or has wrong: token',
    ],
    [
      'whose tenant has no Secret',
      patient(GOOD, { token: 'hunter22' }, { tenantCredentials: [{ tenant: 't', name: 'gone' }] }),
      'fail: Secret seca-system/gone of tenant t at CloudProvider acme is not there',
    ],
    ['that nobody looked at', patient([]), 'fail: CloudProvider acme is not ready: nothing is said'],
    [
      'that refuses',
      patient([condition('Ready', 'False', 'CredentialsInvalid', 'no')]),
      'fail: CloudProvider acme is not ready: CredentialsInvalid: no',
    ],
    [
      'that was not seen lately',
      patient([GOOD[0] ?? {}, condition('Synced', 'False', 'ProviderUnavailable', 'no')]),
      'warn: CloudProvider acme is ready, but: ProviderUnavailable: no',
    ],
    [
      'that is not there for all',
      patient([condition('Ready', 'True', 'PartlyApplied', 'tenant t')]),
      'warn: CloudProvider acme is ready, but not for all: PartlyApplied: tenant t',
    ],
  ])('%s', async (_, one, line) => {
    const found = await one.run(clouds)
    expect(brief(found)).toContain(line)
    expect(JSON.stringify(found)).not.toContain('hunter22')
    expect(found.find(({ verdict }) => verdict !== 'ok')?.todo).toBeTruthy()
  })

  it('is needed; a Secret that may not be read is told', async () => {
    expect(brief(await ward().run(clouds))).toEqual(['warn: there is no CloudProvider: nothing can be made'])
    const one = patient()
    one.state.may = (what) => what !== 'get secrets'
    expect((await one.run(clouds)).map(({ verdict }) => verdict)).toEqual(['unchecked', 'ok'])
  })
})

describe('regions', () => {
  const region = (one: ReturnType<typeof ward>, cloudProvider: string, conditions: readonly object[]) =>
    one.server.add({
      apiVersion: 'region.secapi.cloud/v1',
      kind: 'Region',
      metadata: { name: 'eu-1' },
      spec: { availableZones: ['a'], cloudProvider },
      status: { conditions },
    } as never)

  it('are ready, or say why not', async () => {
    const one = patient()
    expect(brief(await one.run(regions))).toEqual(['warn: there is no Region: tenants can make nothing'])
    region(one, 'acme', GOOD)
    expect(brief(await one.run(regions))).toEqual(['ok: Region eu-1 is ready'])
    region(one, 'acme', [condition('Ready', 'False', 'ReferenceNotReady', 'acme is not ready')])
    expect(brief(await one.run(regions))).toEqual(['fail: Region eu-1 is not ready: ReferenceNotReady: acme is not ready'])
    region(one, 'other', GOOD)
    expect(brief(await one.run(regions))).toEqual(['fail: Region eu-1 names CloudProvider other, which is not there'])
  })
})
