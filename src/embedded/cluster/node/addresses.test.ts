import { expect, test } from 'vitest'
import { candidates } from './addresses.ts'

// Its turn begins at 0.
const FOLDER = '/data/262'

test('each node has networks of its own', () => {
  const all = candidates([], FOLDER)
  expect(all).toHaveLength(64)
  expect(new Set(all.flatMap(({ pods, services }) => [pods, services])).size).toBe(128)
  expect(all[0]).toEqual({
    link: 'seca0',
    pods: '10.128.0.0/16',
    node: '10.128.0.1',
    host: '10.128.255.254',
    firstPod: '10.128.1.1',
    services: '10.192.0.0/16',
    apiserver: '10.192.0.1',
  })
})

test('data folders begin at different networks, each always at its own', () => {
  const first = (dataDir: string) => candidates([], dataDir)[0]?.link
  expect(first('/a')).toBe(first('/a'))
  expect(new Set(['/a', '/b', '/c', '/d', '/e'].map(first)).size).toBeGreaterThan(3)
})

test.each([
  { routes: ['default', '192.168.0.0/24'], first: 'seca0' },
  { routes: ['10.128.0.0/16'], first: 'seca1' },
  { routes: ['10.128.4.7', '10.193.0.0/24'], first: 'seca2' },
  { routes: ['10.128.0.0/10'], first: undefined },
  { routes: ['10.0.0.0/8'], first: undefined },
])('a network of the host is left alone: $routes', ({ routes, first }) => {
  expect(candidates(routes, FOLDER)[0]?.link).toBe(first)
})
