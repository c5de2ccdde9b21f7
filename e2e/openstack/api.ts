import type { Ports, ServiceName } from './bed/config.ts'
import type { Native } from '../../providers/openstack/native.ts'

export type Service = 'identity' | 'compute' | 'network' | 'volume' | 'image'

export interface User {
  readonly authUrl: string
  readonly username: string
  readonly password: string
  readonly project: string
}

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly type?: string
}

const TYPES = {
  compute: ['compute', 'nova'],
  network: ['network', 'neutron'],
  volume: ['volumev3', 'cinder'],
  image: ['image', 'glance'],
} as const
const SUFFIXES: Readonly<Record<Service, string>> = { identity: '', compute: '', network: '/v2.0', volume: '', image: '/v2' }
const VERSIONS: Readonly<Record<string, string>> = { compute: 'compute 2.79', volume: 'volume 3.42' }

/** OpenStack as somebody else uses it: plain requests, with a token that is asked for once. */
export class OpenStackApi {
  readonly #user: User
  readonly #direct: Ports | undefined
  #token: Promise<Login> | undefined

  /** `direct`: ports of the services themselves, to go past whoever the catalogue names. */
  constructor(user: User, direct?: Ports) {
    this.#user = user
    this.#direct = direct
  }

  async call<T>(service: Service, { method, path, body, type = 'application/json' }: Request): Promise<T> {
    const { value, roots } = await (this.#token ??= this.#login())
    const version = VERSIONS[service]
    const response = await fetch(`${roots[service] ?? ''}${SUFFIXES[service]}${path}`, {
      method,
      headers: {
        'x-auth-token': value,
        accept: 'application/json',
        'content-type': type,
        ...(version === undefined ? {} : { 'openstack-api-version': version }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new OpenStackFailure(response.status, `${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  /** Data of an image. */
  async upload(path: string, data: Buffer): Promise<void> {
    const { value, roots } = await (this.#token ??= this.#login())
    const headers = { 'x-auth-token': value, 'content-type': 'application/octet-stream' }
    const response = await fetch(`${roots['image'] ?? ''}/v2${path}`, { method: 'PUT', headers, body: new Uint8Array(data) })
    if (!response.ok) throw new OpenStackFailure(response.status, `PUT ${path}: ${response.status} ${await response.text()}`)
  }

  async list(service: Service, path: string): Promise<readonly Native[]> {
    const answer = await this.call<Readonly<Record<string, readonly Native[]>>>(service, { method: 'GET', path })
    return Object.values(answer).find((one) => Array.isArray(one)) ?? []
  }

  /** Deletes; what is gone is fine. */
  async delete(service: Service, path: string): Promise<void> {
    await this.call(service, { method: 'DELETE', path }).catch((error: unknown) => {
      if (!(error instanceof OpenStackFailure && error.status === 404)) throw error
    })
  }

  async projectId(): Promise<string> {
    return (await (this.#token ??= this.#login())).project
  }

  async userId(): Promise<string> {
    return (await (this.#token ??= this.#login())).user
  }

  async #login(): Promise<Login> {
    const { username, password, project } = this.#user
    const authUrl = this.#past('keystone', this.#user.authUrl)
    const domain = { id: 'default' }
    const auth = {
      identity: { methods: ['password'], password: { user: { name: username, password, domain } } },
      scope: { project: { name: project, domain } },
    }
    const response = await fetch(`${authUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth }),
    })
    if (!response.ok) throw new OpenStackFailure(response.status, `login of ${username}: ${response.status} ${await response.text()}`)
    const { token } = (await response.json()) as TokenAnswer
    const rootOf = (type: string) =>
      token.catalog.find((entry) => entry.type === type)?.endpoints.find((one) => one.interface === 'public')?.url ?? ''
    const roots: Readonly<Record<string, string>> = Object.fromEntries(
      Object.entries(TYPES).map(([service, [type, name]]) => [service, this.#past(name, rootOf(type).replace(/\/+$/, ''))]),
    )
    return {
      value: response.headers.get('x-subject-token') ?? '',
      project: token.project.id,
      user: token.user.id,
      roots: { ...roots, identity: authUrl },
    }
  }

  #past(name: ServiceName, url: string): string {
    const port = this.#direct?.[name]
    return port === undefined ? url : url.replace(/:\d+/, `:${port}`)
  }
}

interface Login {
  readonly value: string
  readonly project: string
  readonly user: string
  readonly roots: Readonly<Record<string, string>>
}

interface TokenAnswer {
  readonly token: {
    readonly project: { readonly id: string }
    readonly user: { readonly id: string }
    readonly catalog: readonly {
      readonly type: string
      readonly endpoints: readonly { readonly interface: string; readonly url: string }[]
    }[]
  }
}

export class OpenStackFailure extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'OpenStackFailure'
    this.status = status
  }
}
