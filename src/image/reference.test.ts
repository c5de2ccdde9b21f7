import { expect, it } from 'vitest'
import { canonical } from './reference.ts'

it.each([
  ['seca-operator:0.1.0', 'docker.io/library/seca-operator:0.1.0', '0.1.0'],
  ['team/seca:1', 'docker.io/team/seca:1', '1'],
  ['localhost/seca:1', 'localhost/seca:1', '1'],
  ['localhost:5000/a/b:v1.2', 'localhost:5000/a/b:v1.2', 'v1.2'],
  ['registry.example.org/team/seca:1', 'registry.example.org/team/seca:1', '1'],
])('%s is %s', (reference, name, tag) => {
  expect(canonical(reference)).toEqual({ name, tag })
})

it.each(['', 'seca-operator', 'Seca:1', 'seca:', 'a b:1', '/seca:1', 'seca:1@sha256:00'])('%j is refused', (reference) => {
  expect(() => canonical(reference)).toThrow('is not the name of an image with a tag')
})
