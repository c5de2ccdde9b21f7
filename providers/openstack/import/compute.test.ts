import { expect, test } from 'vitest'
import { volumesOf } from './compute.ts'

const volume = (id: string, ...attachments: readonly (readonly [server: string, device: string])[]) => ({
  id,
  attachments: attachments.map(([server_id, device]) => ({ server_id, device })),
})

test("a server's volumes go by their devices: it boots from the first", () => {
  const volumes = [
    volume('c', ['s', '/dev/vdaa']),
    volume('a', ['s', '/dev/vdb']),
    volume('other', ['t', '/dev/vda']),
    volume('b', ['s', '/dev/vda']),
    volume('free'),
  ]
  expect(volumesOf({ id: 's' }, volumes)).toEqual(['b', 'a', 'c'])
})
