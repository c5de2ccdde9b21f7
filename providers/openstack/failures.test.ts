import { expect, test } from 'vitest'
import { classify } from './failures.ts'

const about = (method: 'GET' | 'POST' | 'DELETE') => ({ method, path: '/x', headers: {} })
const neutron = (type: string) => ({ NeutronError: { type, message: 'no', detail: '' } })

test.each([
  [
    'a quota of Nova',
    403,
    { forbidden: { message: 'Quota exceeded for instances: Requested 1, but already used 0 of 0 instances' } },
    'POST',
    'quota',
  ],
  ['a right that is missing', 403, { forbidden: { message: "Policy doesn't allow os_compute_api:servers:create" } }, 'POST', undefined],
  [
    'a quota of Cinder',
    413,
    { overLimit: { message: 'VolumeLimitExceeded: Maximum number of volumes allowed (0) exceeded' } },
    'POST',
    'quota',
  ],
  ['too many requests of Cinder', 413, { overLimit: { message: 'This request was rate-limited.' } }, 'GET', 'throttled'],
  ['a quota of Neutron', 409, neutron('OverQuota'), 'POST', 'quota'],
  ['no address left', 409, neutron('IpAddressGenerationFailure'), 'POST', 'quota'],
  ['an address that is taken', 409, neutron('IpAddressAlreadyAllocated'), 'POST', 'rejected'],
  ['a network in use', 409, neutron('NetworkInUse'), 'DELETE', 'waiting'],
  ['a volume in use', 400, { badRequest: { message: 'Invalid volume: Volume status must be available or error' } }, 'DELETE', 'waiting'],
  ['a wrong value', 400, { badRequest: { message: 'Invalid input for field size' } }, 'POST', undefined],
  ['what a request names is not there yet', 404, neutron('SubnetNotFound'), 'POST', 'waiting'],
  ['what is looked for is not there', 404, neutron('SubnetNotFound'), 'GET', undefined],
] as const)('%s', (_what, status, body, method, failure) => {
  expect(classify(status, body, about(method))).toBe(failure)
})
