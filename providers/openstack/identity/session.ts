import { Agent } from 'undici'
import type { Account, CallContext } from '../../../src/provider/contract.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import { HttpClient, HttpFailure, type Query } from '../../../src/provider/http.ts'
import { type Token, TokenCache } from '../../../src/provider/token.ts'
import { classify } from '../failures.ts'
import { authOf, endpointOf, identityRoot, type Service, type TokenBody } from './catalog.ts'
import { MICROVERSIONS, versionHeaders } from './microversions.ts'
import type { Native } from '../native.ts'
import type { Credentials, Settings } from '../settings.ts'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the service's root, or what a page says is the next one. */
  readonly path: string
  readonly query?: Query
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface Projects {
  readonly projects: readonly Native[]
}

/** The project that something is looked for in is not there any more, and nothing that was in it. */
class ProjectGone extends HttpFailure {}

/** One scope: a project (or domain) that a token is for. */
interface Scope {
  readonly http: HttpClient
  readonly tokens: TokenCache
  body: TokenBody | undefined
}

/**
 * Keystone, and through its catalogue all services, by one pool of connections and one budget. Requests are made in the project of the
 * credentials, or in one that is named: each has a token of its own, which the administrator's password asks for.
 */
export class Session {
  readonly settings: Settings
  readonly #account: Account<Settings, Credentials>
  readonly #agent: NonNullable<Account<unknown, unknown>['dispatcher']>
  readonly #identity: HttpClient
  readonly #scopes = new Map<string, Scope>()
  readonly #versions = new Map<Service, Promise<Readonly<Record<string, string>>>>()

  constructor(account: Account<Settings, Credentials>) {
    const { ca } = account.settings
    this.settings = account.settings
    this.#account = account
    this.#agent =
      account.dispatcher ??
      new Agent({ connections: 64, allowH2: false, connect: { timeout: 10_000, ...(ca === undefined ? {} : { ca }) } })
    this.#identity = this.#http()
  }

  /** What a call answers. In the project named, where each workspace has one. */
  async call<T>(service: Service, call: Call, context: CallContext, project?: string): Promise<T> {
    const scope = this.#scope(project)
    const path = /^https?:/.test(call.path) ? call.path : (await this.endpoint(service, context, project)) + call.path
    const headers = { ...(await this.#version(service, context, project)), ...call.headers }
    return this.#ask<T>(scope, service, { ...call, path, headers }, context)
  }

  /** What a call answers; undefined where there is no such thing. */
  async callIfThere<T>(service: Service, call: Call, context: CallContext, project?: string): Promise<T | undefined> {
    try {
      return await this.call<T>(service, call, context, project)
    } catch (thrown) {
      if (thrown instanceof HttpFailure && (thrown.status === 404 || thrown.status === 410)) return undefined
      throw thrown
    }
  }

  /** A page of a list; undefined where the project is gone, and never for any other 404: what cannot be listed is not gone. */
  async page<T>(service: Service, call: Call, context: CallContext, project?: string): Promise<T | undefined> {
    try {
      return await this.call<T>(service, call, context, project)
    } catch (thrown) {
      if (thrown instanceof ProjectGone) return undefined
      throw thrown
    }
  }

  /** Root of a service, for the project: its id may stand in it. */
  async endpoint(service: Service, context: CallContext, project?: string): Promise<string> {
    if (service === 'identity') return identityRoot(this.settings.cloud.auth.auth_url)
    const { region_name: name, interface: kind } = this.settings.cloud
    const { region, cloudRegion } = this.#account
    const regions = [cloudRegion, ...(name === undefined ? [] : [name])]
    const isNamed = name !== undefined || cloudRegion !== region
    return endpointOf(await this.token(context, project), service, { regions, isNamed, interface: kind })
  }

  /** What Keystone says of the token in use. */
  async token(context: CallContext, project?: string): Promise<TokenBody> {
    const scope = this.#scope(project)
    await scope.tokens.get(context)
    return scope.body as TokenBody
  }

  /** Id of the project of the credentials. */
  async projectId(context: CallContext): Promise<string> {
    const { project } = await this.token(context)
    if (project === undefined) throw new ProviderError('rejected', 'the credentials are of no project: name one in settings.cloud.auth')
    return project.id
  }

  /** A project to look at the cloud from: that of the credentials (undefined), or where those are of a domain, any that they may enter. */
  async outlook(context: CallContext): Promise<string | undefined> {
    if ((await this.token(context)).project !== undefined) return undefined
    const { projects } = await this.call<Projects>('identity', { method: 'GET', path: '/auth/projects' }, context)
    if (projects[0] !== undefined) return projects[0].id
    throw new ProviderError('waiting', 'the credentials are of a domain, and of no project yet: the first workspace makes one')
  }

  /** A project as Keystone shows it; undefined where there is none. */
  async project(id: string, context: CallContext): Promise<Native | undefined> {
    const path = `/projects/${encodeURIComponent(id)}`
    try {
      return (await this.callIfThere<{ project: Native }>('identity', { method: 'GET', path }, context))?.project
    } catch (thrown) {
      // What is gone is in no domain: the manager of one may not ask for it.
      if (!(thrown instanceof HttpFailure) || thrown.status !== 403) throw thrown
      return (await this.projects({}, context)).find((one) => one.id === id)
    }
  }

  /** Projects of the domain. */
  async projects(query: Query, context: CallContext): Promise<readonly Native[]> {
    const call: Call = { method: 'GET', path: '/projects', query: { domain_id: await this.domainId(context), ...query } }
    return (await this.call<Projects>('identity', call, context)).projects
  }

  /** Domain in which projects are made. */
  async domainId(context: CallContext): Promise<string> {
    const { project, domain, user } = await this.token(context)
    return this.settings.projectDomain ?? project?.domain.id ?? domain?.id ?? user.domain.id
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  /** A service that refuses a token which was made for this very request (401) says nothing about the credentials. */
  async #ask<T>(scope: Scope, service: Service, call: Call, context: CallContext): Promise<T> {
    try {
      return await scope.http.call<T>(call, context)
    } catch (thrown) {
      if (!(thrown instanceof HttpFailure) || thrown.status !== 401) throw thrown
      throw tokenRefused(service, `${call.method} ${URL.parse(call.path)?.pathname ?? call.path}`, scope.body, thrown)
    }
  }

  #http(tokens?: TokenCache): HttpClient {
    const { application_credential_secret: secret = '', password = '' } = this.#account.credentials
    return new HttpClient({
      baseUrl: identityRoot(this.settings.cloud.auth.auth_url),
      account: { ...this.#account, dispatcher: this.#agent },
      ...(tokens === undefined ? {} : { token: tokens, tokenHeader: (token) => ({ 'x-auth-token': token }) }),
      secrets: [secret, password],
      classify,
      timeoutMs: 60_000,
    })
  }

  #scope(project: string | undefined): Scope {
    const key = this.settings.workspaces === 'shared' ? '' : (project ?? '')
    const known = this.#scopes.get(key)
    if (known !== undefined) return known
    const tokens = new TokenCache({ fetch: (context) => this.#fetch(scope, key || undefined, context) })
    const scope: Scope = { tokens, http: this.#http(tokens), body: undefined }
    this.#scopes.set(key, scope)
    return scope
  }

  async #fetch(scope: Scope, project: string | undefined, context: CallContext): Promise<Token> {
    this.#refuseWrongKeys()
    const body = authOf(this.settings.cloud.auth, this.#account.credentials, project)
    try {
      const { headers, body: answer } = await this.#identity.exchange<{ token?: TokenBody }>(
        { method: 'POST', path: '/auth/tokens', body, changes: false },
        context,
      )
      const value = headers['x-subject-token']
      if (typeof value !== 'string' || answer.token === undefined)
        throw new ProviderError('rejected', 'what answers at settings.cloud.auth.auth_url is no Keystone of version 3')
      scope.body = answer.token
      return { value, expiresInMs: Date.parse(answer.token.expires_at) - Date.parse(answer.token.issued_at) }
    } catch (caught) {
      const thrown = isRefusal(caught) ? new ProviderError('credentials', caught.message, { cause: caught }) : caught
      throw project !== undefined && thrown instanceof ProviderError && ['credentials', 'rejected'].includes(thrown.failure)
        ? await this.#notEntered(project, thrown, context)
        : thrown
    }
  }

  /** Whatever project it asked for, it would get a token for its own. */
  #refuseWrongKeys(): void {
    if (this.settings.workspaces === 'projects' && this.#account.credentials.application_credential_id !== undefined)
      throw new ProviderError(
        'rejected',
        'an application credential is for one project: settings.workspaces: projects needs username and password, of an administrator or a manager of the domain',
      )
  }

  /** The account's credentials are right, as its own scope shows: one project that cannot be entered is that project's trouble, or it is gone. */
  async #notEntered(project: string, thrown: ProviderError, context: CallContext): Promise<ProviderError> {
    return (await this.project(project, context)) === undefined
      ? new ProjectGone('rejected', `project ${project} is gone`, { status: 404, body: undefined, cause: thrown })
      : new ProviderError('waiting', `project ${project} cannot be entered: ${thrown.message}`, { cause: thrown })
  }

  /** Asked once for each service: the version that the adapter was written for, where the cloud has it. */
  #version(service: Service, context: CallContext, project: string | undefined): Promise<Readonly<Record<string, string>>> {
    if (MICROVERSIONS[service] === undefined) return Promise.resolve({})
    const known = this.#versions.get(service)
    if (known !== undefined) return known
    const asked = this.#negotiate(service, context, project)
    this.#versions.set(service, asked)
    asked.catch(() => this.#versions.delete(service))
    return asked
  }

  async #negotiate(service: Service, context: CallContext, project: string | undefined): Promise<Readonly<Record<string, string>>> {
    const root = (await this.endpoint(service, context, project)).replace(/(\/v\d[\d.]*)\/[^/]*$/, '$1')
    return versionHeaders(service, await this.#ask(this.#scope(project), service, { method: 'GET', path: `${root}/` }, context))
  }
}

/** Of a login, where a credential that was taken back is 404. What services answer is told apart by being of HTTP. */
const isRefusal = (thrown: unknown): thrown is HttpFailure =>
  thrown instanceof HttpFailure && ['credentials', 'rejected', 'waiting'].includes(thrown.failure)

/** Access rules of an application credential are enforced by each service, as if there were no token at all. */
function tokenRefused(service: Service, what: string, body: TokenBody | undefined, cause: HttpFailure): ProviderError {
  return body?.application_credential?.access_rules === undefined
    ? new ProviderError('transient', `${service} refuses a token that Keystone has just made: it has trouble of its own (${what}, 401)`, {
        cause,
      })
    : new ProviderError(
        'rejected',
        `the access rules of the application credential do not allow ${what} of ${service}: make one with the rules that docs/openstack.md names`,
        { cause },
      )
}
