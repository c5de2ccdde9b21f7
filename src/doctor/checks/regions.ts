import { CloudProvider } from '../../kinds/operator/cloud-provider.ts'
import { Region } from '../../kinds/region/region.ts'
import type { Resource } from '../../kinds/resource.ts'
import { all, type Check, fail, isSeen, ok, unseen, warn } from '../check.ts'
import { conditionOf, words } from '../conditions.ts'

/** Regions are there, bound to a cloud that is there, and ready. */
export const regions: Check = {
  name: 'regions',
  about: 'Regions are there and ready',
  run: async (exam) => {
    const [found, providers] = [await all<Resource<typeof Region>>(exam, Region.gvr), await all<Resource>(exam, CloudProvider.gvr)]
    if (!isSeen(found)) return [unseen('Regions', found)]
    if (found.value.length === 0) return [warn('there is no Region: tenants can make nothing', 'apply one that names a CloudProvider')]
    const clouds = isSeen(providers) ? new Set(providers.value.map(({ metadata }) => metadata.name)) : undefined
    return found.value.map((region) => {
      const { name } = region.metadata
      const { cloudProvider } = region.spec
      if (clouds !== undefined && !clouds.has(cloudProvider))
        return fail(
          `Region ${name} names CloudProvider ${cloudProvider}, which is not there`,
          `apply CloudProvider ${cloudProvider}, or correct the Region`,
        )
      const ready = conditionOf(region, 'Ready')
      if (ready?.status === 'True') return ok(`Region ${name} is ready`)
      return fail(
        `Region ${name} is not ready: ${words(ready)}`,
        ready === undefined ? 'do the controllers run?' : 'put right what the condition names',
      )
    })
  },
}
