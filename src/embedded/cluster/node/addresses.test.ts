import { expect, test } from 'vitest'
import { candidates } from './addresses.ts'

test('each node has networks of its own', () => {
  const all = candidates([])
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

test.each([
  { routes: ['default', '192.168.0.0/24'], first: 'seca0' },
  { routes: ['10.128.0.0/16'], first: 'seca1' },
  { routes: ['10.128.4.7', '10.193.0.0/24'], first: 'seca2' },
  { routes: ['10.128.0.0/10'], first: undefined },
  { routes: ['10.0.0.0/8'], first: undefined },
])('a network of the host is left alone: $routes', ({ routes, first }) => {
  expect(candidates(routes)[0]?.link).toBe(first)
})
