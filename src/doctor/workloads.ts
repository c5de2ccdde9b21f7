import { KUBERNETES } from '../kube/builtin.ts'
import type { KubeObject } from '../kube/gvr.ts'
import { ACCOUNTS, all, type Exam, find, isSeen } from './check.ts'
import type { Conditioned } from './conditions.ts'

interface Container {
  readonly name: string
  readonly image?: string
  readonly args?: readonly string[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

interface PodSpec {
  readonly serviceAccountName?: string
  readonly containers: readonly Container[]
  readonly volumes?: readonly {
    readonly name?: string
    readonly configMap?: { readonly name?: string }
    readonly secret?: { readonly secretName?: string }
    readonly projected?: { readonly sources?: readonly { readonly secret?: { readonly name?: string } }[] }
  }[]
}

interface State {
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number; readonly finishedAt?: string }
}

export interface Pod extends KubeObject, Conditioned {
  readonly spec: PodSpec & { readonly nodeName?: string }
  readonly status?: Conditioned['status'] & {
    readonly phase?: string
    readonly containerStatuses?: readonly {
      readonly name: string
      readonly ready: boolean
      readonly restartCount: number
      readonly image?: string
      readonly state?: State
      readonly lastState?: State
    }[]
  }
}

export interface Deployment extends KubeObject, Conditioned {
  readonly spec: { readonly replicas?: number; readonly template: { readonly spec: PodSpec } }
  readonly status?: Conditioned['status'] & {
    readonly replicas?: number
    readonly availableReplicas?: number
    readonly updatedReplicas?: number
  }
}

const NAMES: readonly string[] = Object.values(ACCOUNTS)
const isOurs = (spec: PodSpec) => NAMES.includes(spec.serviceAccountName ?? '')

/** Deployments of this operator: those that run as its accounts, whoever made them. */
export async function deployments(exam: Exam) {
  const found = await all<Deployment>(exam, KUBERNETES.Deployment, { namespace: exam.namespace })
  return isSeen(found) ? { value: found.value.filter(({ spec }) => isOurs(spec.template.spec)) } : found
}

/** Pods of this operator. */
export async function pods(exam: Exam) {
  const found = await all<Pod>(exam, KUBERNETES.Pod, { namespace: exam.namespace })
  return isSeen(found) ? { value: found.value.filter(({ spec }) => isOurs(spec)) } : found
}

/** The Deployment of a process, where there is one and it may be read. */
export async function deploymentOf(exam: Exam, process: keyof typeof ACCOUNTS): Promise<Deployment | undefined> {
  const found = await deployments(exam)
  return isSeen(found) ? found.value.find(({ spec }) => spec.template.spec.serviceAccountName === ACCOUNTS[process]) : undefined
}

/** Whether a Deployment has a flag, whatever its value. */
export const hasFlag = ({ spec }: Deployment, flag: string): boolean =>
  spec.template.spec.containers.some(({ args = [] }) => args.some((arg) => arg === flag || arg.startsWith(`${flag}=`)))

/** Value of `--flag=value` or `--flag value` of a Deployment. */
export function flagOf({ spec }: Deployment, flag: string): string | undefined {
  const args = spec.template.spec.containers.flatMap((container) => container.args ?? [])
  const at = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`))
  if (at < 0) return undefined
  const arg = args[at] ?? ''
  return arg === flag ? args[at + 1] : arg.slice(flag.length + 1)
}

/** Secrets that its pods mount. */
export function mountedSecrets({ spec }: Deployment): string[] {
  const names = (spec.template.spec.volumes ?? []).flatMap(({ secret, projected }) => [
    secret?.secretName,
    ...(projected?.sources ?? []).map((source) => source.secret?.name),
  ])
  return names.filter((name) => name !== undefined)
}

/** Text of a file that the pods of a Deployment have from a ConfigMap; undefined where it comes from elsewhere, or cannot be read. */
export async function mountedText(exam: Exam, { spec }: Deployment, path: string): Promise<string | undefined> {
  const { containers, volumes = [] } = spec.template.spec
  const mounts = containers.flatMap(({ volumeMounts = [] }) => volumeMounts)
  const mount = mounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`))
  const name = volumes.find((volume) => volume.name === mount?.name)?.configMap?.name
  if (mount === undefined || name === undefined) return undefined
  const seen = await find<{ readonly data?: Readonly<Record<string, string>> }>(exam, KUBERNETES.ConfigMap, exam.namespace, name)
  return isSeen(seen) ? seen.value?.data?.[path.slice(mount.mountPath.length + 1)] : undefined
}
