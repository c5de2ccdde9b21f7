import type { CloudObject } from '../../stand-in/model.ts'

const SIZES = [
  ['xs', 1, 1],
  ['s', 1, 2],
  ['m', 2, 4],
  ['l', 4, 8],
  ['xl', 8, 16],
  ['2xl', 16, 32],
  ['4xl', 32, 64],
] as const

/** What can be ordered here. */
export const CATALOGUE = {
  zones: ['a', 'b', 'c'],
  flavours: SIZES.map(([name, vcpus, ram_gb]) => ({ name, arch: 'x86_64', vcpus, ram_gb })),
  volume_types: [
    { name: 'basic', media: 'remote-durable', iops: 500, min_size_gb: 1 },
    { name: 'fast', media: 'remote-durable', iops: 10_000, min_size_gb: 1 },
    { name: 'local', media: 'local-durable', iops: 20_000, min_size_gb: 1 },
    { name: 'scratch', media: 'local-ephemeral', iops: 40_000, min_size_gb: 1 },
  ],
  port_speeds: [
    { name: '1g', mbit_s: 1_000 },
    { name: '5g', mbit_s: 5_000 },
    { name: '10g', mbit_s: 10_000 },
  ],
} as const

const OFFERED = [
  ['ubuntu-24.04', 'x86_64', 2_400],
  ['debian-12', 'x86_64', 1_900],
  ['debian-12', 'aarch64', 1_900],
] as const

/** Templates that the cloud offers to everybody. They are nobody's to change, and in nobody's inventory. */
export const PUBLIC_TEMPLATES: ReadonlyMap<string, CloudObject> = new Map(
  OFFERED.map(([name, arch, size_mb], index) => {
    const id = `tpl-public-${name.replace('.', '-')}-${arch === 'x86_64' ? 'amd64' : 'arm64'}`
    const fields = { public: true, source_volume: null, arch, firmware: 'uefi', init: 'cloud-init', size_mb }
    const nobodys = { tag: '', labels: {}, metadata: {}, clientToken: '', createdAt: 0, state: 'ready' } as const
    return [id, { id, type: 'templates', seq: index + 1, name, ...nobodys, fields }]
  }),
)
