import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { Values } from '../../chart/values.ts'
import { serviceAddress, trialValues } from './values.ts'

const facts = {
  config: { region: 'it-1', latencyMs: 250, cloud: ['lagging'], validationStatus: '412', logLevel: 'debug' } as const,
  namespace: 'seca-system',
  tag: '0123456789ab',
  tenant: 'demo',
  keys: 'PEM',
  addresses: { api: '10.192.0.77', simulator: '10.192.0.78' },
  stateDir: '/data/simulator',
}

test('the chart takes them, and they say what the flags say', () => {
  const values = Values.parse(parse(trialValues({ ...facts, config: { ...facts.config, cloud: ['lagging'] } })))
  expect(values).toMatchObject({
    image: { tag: '0123456789ab', pullPolicy: 'Never' },
    region: 'it-1',
    controllers: { logLevel: 'debug' },
    api: { logLevel: 'debug', args: ['--validation-status=412'], service: { clusterIP: '10.192.0.77' } },
    certificates: { hosts: ['10.192.0.77'] },
    tokens: { issuer: 'seca-embedded', audience: 'seca', keys: 'PEM' },
    declared: { tenants: { demo: { administrators: ['demo'] } } },
    simulator: { enabled: true, latency: '250ms', characters: ['lagging'], clusterIP: '10.192.0.78' },
  })
})

test('the simulated cloud gets the volume that is made for it, and no other does', () => {
  const { simulator, extraManifests } = Values.parse(parse(trialValues({ ...facts, config: { ...facts.config, cloud: ['neat'] } })))
  expect(extraManifests).toEqual([
    expect.objectContaining({
      kind: 'PersistentVolume',
      spec: expect.objectContaining({
        storageClassName: simulator.persistence.storageClass,
        claimRef: { namespace: 'seca-system', name: 'seca-simulator' },
        hostPath: { path: '/data/simulator', type: 'Directory' },
        persistentVolumeReclaimPolicy: 'Retain',
      }),
    }),
  ])
})

test('addresses of Services', () => {
  expect(serviceAddress('10.203.0.0/16', 77)).toBe('10.203.0.77')
})
