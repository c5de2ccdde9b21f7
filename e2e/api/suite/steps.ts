import { expect } from 'vitest'
import { asError } from '../../../src/errors.ts'
import type { Answer } from '../../support/api.ts'
import type { Envelope } from '../../support/seca.ts'
import { CREATED, expectHistory, expectProblem, expectResource, type History } from './asserts.ts'
import { observe, type Patience, type SuiteClient } from './client.ts'
import { Fixtures } from './fixtures.ts'
import { bodyOf, collectionName, collectionPath, type ClientKind, type Resource, resourceName, resourcePath } from './resource.ts'

interface World {
  readonly client: SuiteClient
  readonly tenant: string
  readonly region: string
  readonly patience: Patience
}

/** The steps that scenarios are made of; each says in its failure which it was. */
export class Steps {
  readonly tenant: string
  readonly region: string
  readonly #client: SuiteClient
  readonly #patience: Patience
  /** Newest version that was seen of each resource. */
  readonly #versions = new Map<string, number>()

  constructor({ client, tenant, region, patience }: World) {
    this.tenant = tenant
    this.region = region
    this.#client = client
    this.#patience = patience
  }

  fixtures(net?: number): Fixtures {
    return new Fixtures(this.tenant, this.region, net)
  }

  /** PUT of what is not there yet. */
  create(of: Resource): Promise<Envelope> {
    return this.#step(`create ${resourceName(of)}`, async () => {
      const body = await this.#put(of, bodyOf(of), 201)
      expect(CREATED).toContain(body.status.state)
      return body
    })
  }

  /** GET until it is active, with exactly this history. */
  active(of: Resource, history: History = CREATED, status: object = {}): Promise<Envelope> {
    return this.#step(`get ${resourceName(of)} after ${history.length} transitions`, async () => {
      const { last } = await observe(
        this.#patience,
        () => this.#send(of, 'GET'),
        (answer) => (answer.status !== 200 || answer.json<Envelope>().status.state === 'active' ? true : undefined),
      )
      expect([last.status, last.text]).toEqual([200, expect.any(String)])
      const body = last.json<Envelope>()
      expectResource(body, of, 'GET')
      expectHistory(body, history)
      expect(body.status).toMatchObject(status)
      expect(body.metadata.resourceVersion).toBeGreaterThanOrEqual(this.#versions.get(resourcePath(of)) ?? 1)
      this.#versions.set(resourcePath(of), body.metadata.resourceVersion)
      return body
    })
  }

  async created(of: Resource): Promise<Envelope> {
    await this.create(of)
    return this.active(of)
  }

  /** PUT of what is active: the answer shows the stored record. `seen`: what a GET answered, sent back with the changes. */
  update(of: Resource, seen: object = {}): Promise<Envelope> {
    return this.#step(`update ${resourceName(of)}`, async () => {
      const { labels, annotations, spec, ...fresh } = bodyOf(of)
      const body = await this.#put(of, { ...fresh, ...seen, labels, annotations, spec }, 200)
      expect(body.status.state).toBe('active')
      return body
    })
  }

  /** A PUT that must be refused. */
  refused(what: string, of: Resource): Promise<void> {
    return this.#step(`${what} is refused`, async () => expectProblem(await this.#send(of, 'PUT', { body: bodyOf(of) }), 412))
  }

  async action(name: 'start' | 'stop' | 'restart', of: Resource): Promise<void> {
    await this.#step(`${name} ${of.name}`, async () => {
      const answer = await this.#send(of, 'POST', { path: `${resourcePath(of)}/${name}` })
      expect([answer.status, answer.text]).toEqual([202, ''])
    })
  }

  async actionRefused(name: 'start' | 'stop' | 'restart', of: Resource): Promise<void> {
    await this.#step(`${name} ${of.name} is refused`, async () =>
      expectProblem(await this.#send(of, 'POST', { path: `${resourcePath(of)}/${name}` }), 412),
    )
  }

  async remove(...all: readonly Resource[]): Promise<void> {
    for (const of of all)
      await this.#step(`delete ${resourceName(of)}`, async () => {
        const answer = await this.#send(of, 'DELETE')
        expect([answer.status, answer.text]).toEqual([202, ''])
      })
  }

  async removalRefused(of: Resource): Promise<void> {
    await this.#step(`deletion of ${resourceName(of)} is refused`, async () => expectProblem(await this.#send(of, 'DELETE'), 412))
  }

  /** Each is deleted and gone before the next is. */
  async removed(...all: readonly Resource[]): Promise<void> {
    for (const of of all) {
      await this.remove(of)
      await this.#step(`${resourceName(of)} is gone`, async () => {
        const { last } = await observe(
          this.#patience,
          () => this.#send(of, 'GET'),
          (answer) => (answer.status === 200 ? undefined : true),
        )
        expectProblem(last, 404)
      })
    }
  }

  /** The four lists of the suite: all, by pages of one, by label, both; `isAll`: nothing else is in the collection. */
  async lists(all: readonly Resource[], { isAll }: { isAll: boolean }): Promise<void> {
    const [of] = all
    if (of === undefined) return
    const names = all.map(({ name }) => name)
    for (const query of ['', 'limit=1', 'labels=env%3Dconformance', 'limit=1&labels=env%3Dconformance'])
      await this.#step(`list ${collectionName(of)} ${query}`, async () => {
        const listed = (await this.#list(of.kind.api, collectionPath(of), collectionName(of), query)).map(({ metadata }) => metadata.name)
        expect(listed).toEqual(expect.arrayContaining(names))
        if (isAll) expect(listed.toSorted()).toEqual(names.toSorted())
      })
  }

  /** The names in a collection that the scenario did not fill. */
  names(api: string, path: string, resource: string, query = ''): Promise<readonly string[]> {
    return this.#step(`list ${resource} ${query}`, async () => {
      const listed = await this.#list(api, path, resource, query)
      expect(listed).not.toEqual([])
      return listed.map(({ metadata }) => metadata.name)
    })
  }

  skus(kind: Pick<ClientKind, 'api'>, query = ''): Promise<readonly string[]> {
    return this.names(kind.api, `/v1/tenants/${this.tenant}/skus`, 'skus', query)
  }

  get(api: string, path: string): Promise<Answer> {
    return this.#client.send(api, path)
  }

  /** All pages; each says what it is a page of, and each item what it is. */
  async #list(api: string, path: string, resource: string, query: string): Promise<readonly Envelope[]> {
    const items: Envelope[] = []
    for (let token: string | undefined = ''; token !== undefined;) {
      const parts = [query, token === '' ? '' : `skipToken=${encodeURIComponent(token)}`].filter((part) => part !== '')
      const answer = await this.#client.send(api, parts.length === 0 ? path : `${path}?${parts.join('&')}`)
      expect([answer.status, answer.text]).toEqual([200, expect.any(String)])
      const page = answer.json<{ items: Envelope[]; metadata: { skipToken?: string } }>()
      expect(page.metadata).toMatchObject({ provider: `${api}/v1`, resource, verb: 'GET' })
      for (const { metadata } of page.items)
        for (const field of ['apiVersion', 'kind', 'name', 'provider', 'ref', 'resource']) expect(metadata[field]).toBeTruthy()
      items.push(...page.items)
      token = page.metadata.skipToken
    }
    return items
  }

  async #put(of: Resource, body: object, status: 200 | 201): Promise<Envelope> {
    const answer = await this.#send(of, 'PUT', { body })
    expect([answer.status, answer.text]).toEqual([status, expect.any(String)])
    const shown = answer.json<Envelope>()
    expectResource(shown, of, 'PUT')
    expect(shown.metadata.resourceVersion).toBeGreaterThan(this.#versions.get(resourcePath(of)) ?? 0)
    this.#versions.set(resourcePath(of), shown.metadata.resourceVersion)
    return shown
  }

  #send(of: Resource, method: string, { path = resourcePath(of), body }: { path?: string; body?: object } = {}): Promise<Answer> {
    return this.#client.send(of.kind.api, path, { method, ...(body === undefined ? {} : { body }) })
  }

  async #step<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      const failure = asError(error)
      failure.message = `${what}: ${failure.message}`
      throw failure
    }
  }
}

export type Scenario = (steps: Steps) => Promise<void>
