import { describe, expect, test } from 'vitest'
import { flavorFor } from './flavors.ts'

const flavor = (name: string, vcpus: number, gib: number, disk = 0) => ({ id: `id-${name}`, name, vcpus, ram: gib * 1024, disk })
const FLAVORS = [flavor('M1.Large', 8, 16), flavor('disk', 2, 4, 40), flavor('exact', 2, 4), flavor('big', 4, 8)]
const sku = (name: string, vCPU = 2, ram = 4) => ({ name, vCPU, ram })

describe('flavorFor', () => {
  test.each([
    ['the one that the settings name', sku('ds'), { ds: 'big' }, 'big'],
    ['by its id, too', sku('ds'), { ds: 'id-big' }, 'big'],
    ['the one of that name', sku('m1.large'), {}, 'M1.Large'],
    ['the smallest that fits, without a disk', sku('ds'), {}, 'exact'],
    ['the next that fits', sku('dx', 3, 4), {}, 'big'],
  ])('%s', (_what, wanted, mapping, name) => {
    expect(flavorFor(wanted, FLAVORS, mapping as Record<string, string>).name).toBe(name)
  })

  test.each([
    [sku('ds'), { ds: 'gone' }, 'maps SKU ds to gone'],
    [sku('dx', 64, 4), {}, 'no flavor with 64 vCPUs'],
  ])('%j says what to do', (wanted, mapping, words) => {
    expect(() => flavorFor(wanted, FLAVORS, mapping as Record<string, string>)).toThrow(words)
  })
})
