import { setTimeout as sleep } from 'node:timers/promises'
import { asError } from '../../src/errors.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { isNotFound } from '../../src/kube/errors.ts'
import { adminClient, OPERATOR_NAMESPACE, type Stack, startStack } from '../support/harness.ts'
import type { Plane } from '../support/plane.ts'

const DEPLOYMENT = `/apis/apps/v1/namespaces/${OPERATOR_NAMESPACE}/deployments/seca-controllers`
/** Flags that a process on this machine has others in place of. */
const OWN = /^--(operator-namespace|default-region|log-level)=/

interface Deployment {
  readonly spec: {
    readonly replicas: number
    readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } }
  }
}

/**
 * What a node does about the chart's Deployment of controllers, on a control plane that has none: a process with the
 * arguments of its container while there are to be replicas; one that ends is started again.
 */
export class Controllers {
  readonly #plane: Plane
  readonly #cloudOf: Pick<Stack, 'cloud' | 'cloudUrl'>
  readonly #stop = new AbortController()
  readonly #loop: Promise<void>
  #stack: Stack | undefined
  #flags: string | undefined
  #isHeld = false
  #tick: Promise<void> = Promise.resolve()
  /** Why the last start failed. */
  trouble = ''

  constructor(plane: Plane, cloudOf: Pick<Stack, 'cloud' | 'cloudUrl'>) {
    this.#plane = plane
    this.#cloudOf = cloudOf
    this.#loop = this.#run()
  }

  /** Ends the process and starts none, whatever the Deployment says: no kubelet runs. */
  async hold(): Promise<void> {
    this.#isHeld = true
    await this.#tick
    await this.#halt()
  }

  release(): void {
    this.#isHeld = false
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#loop
    await this.#stack?.stop()
  }

  async #run(): Promise<void> {
    const client = adminClient(this.#plane.kubeconfig)
    const { signal } = this.#stop
    while (!signal.aborted) {
      if (!this.#isHeld) await (this.#tick = this.#look(client))
      await sleep(200, undefined, { signal }).catch(() => undefined)
    }
    await client.close()
  }

  async #look(client: KubeClient): Promise<void> {
    try {
      const { spec } = await client.raw<Deployment>('GET', DEPLOYMENT)
      const [, ...args] = spec.template.spec.containers[0]?.args ?? []
      await this.#follow(spec.replicas === 0 ? undefined : args.filter((flag) => !OWN.test(flag)))
    } catch (error) {
      // Not installed yet, or no kube-apiserver at the moment.
      if (!isNotFound(error)) this.trouble = asError(error).message
    }
  }

  async #follow(flags: readonly string[] | undefined): Promise<void> {
    const wanted = flags === undefined ? undefined : JSON.stringify(flags)
    if (wanted === this.#flags && (wanted === undefined || (await this.#isAlive()))) return
    await this.#halt()
    if (flags === undefined) return
    const { kubeconfig } = this.#plane
    this.#stack ??= await startStack({ kubeconfig, cloudOf: this.#cloudOf, isBare: true, isIdle: true })
    await this.#stack.restart('controllers', flags)
    this.trouble = ''
    this.#flags = wanted
  }

  async #halt(): Promise<void> {
    await this.#stack?.halt('controllers')
    this.#flags = undefined
  }

  async #isAlive(): Promise<boolean> {
    return fetch(`${this.#stack?.healthUrl}/livez`).then(
      () => true,
      () => false,
    )
  }
}
