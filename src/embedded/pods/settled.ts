/** A Pod, as far as it says whether it works. */
export interface PodObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string; readonly labels?: Readonly<Record<string, string>> }
  readonly status: {
    readonly phase?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly {
      readonly state?: {
        readonly running?: { readonly startedAt: string }
        readonly waiting?: { readonly reason?: string; readonly message?: string }
      }
    }[]
  }
}

const COMPONENT = 'app.kubernetes.io/component'

/**
 * What is still missing of an installation, in a few words; undefined when a pod of each component, and every pod that is to stay, works
 * and was started after `since` (ms). What a cluster that was stopped says of its pods is of the time before, until kubelet has looked.
 */
export function unsettled(pods: readonly PodObject[], components: readonly string[], since: number): string | undefined {
  const staying = pods.filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && !isOver(status.phase))
  const absent = components.find((name) => !staying.some(({ metadata }) => metadata.labels?.[COMPONENT] === name))
  if (absent !== undefined) return `there is no pod of ${absent}`
  const broken = staying.find((pod) => !works(pod, since))
  if (broken === undefined) return undefined
  const waiting = broken.status.containerStatuses?.map(({ state }) => state?.waiting).find((one) => one !== undefined)
  const why = [waiting?.reason, waiting?.message].filter((text) => text !== undefined).join(': ')
  return `pod ${broken.metadata.name} is not ready${why && ` (${why})`}`
}

function works({ status }: PodObject, since: number): boolean {
  const isReady = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
  const containers = status.containerStatuses ?? []
  // Kubernetes' times are whole seconds.
  const isNew = (startedAt: string | undefined) => startedAt !== undefined && Date.parse(startedAt) + 999 >= since
  return isReady && containers.length > 0 && containers.every(({ state }) => isNew(state?.running?.startedAt))
}

const isOver = (phase: string | undefined) => phase === 'Succeeded' || phase === 'Failed'
