import { expect, test } from 'vitest'
import { imageOf } from './images.ts'

const IMAGE = { id: '0123456789', name: 'golden', size: 10, architecture: 'aarch64', hw_firmware_type: 'uefi' }

test("an image is told in SECA's words, without a volume", () => {
  expect(imageOf(IMAGE)).toEqual({
    kind: 'Image',
    externalId: IMAGE.id,
    name: 'golden',
    spec: { cpuArchitecture: 'arm64', boot: 'UEFI', initializer: 'cloudinit-22' },
  })
  expect(imageOf({ id: '0123456789' })).toMatchObject({ name: 'image-01234567', spec: { cpuArchitecture: 'amd64', boot: 'BIOS' } })
})

test('one that is nothing but a list of snapshots is left out', () => {
  expect(imageOf({ ...IMAGE, size: 0, block_device_mapping: '[{"snapshot_id": "s"}]' })).toMatchObject({ isLeftOut: true })
  expect(imageOf({ ...IMAGE, size: null, block_device_mapping: '[{"snapshot_id": "s"}]' })).toMatchObject({ isLeftOut: true })
})
