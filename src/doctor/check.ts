import { API_SERVICE_ACCOUNT, SERVICE_ACCOUNT } from '../processes/install.ts'
import type { KubeClient } from '../kube/client.ts'
import { asError } from '../errors.ts'
import { ApiError } from '../kube/errors.ts'
import type { GroupVersionResource, KubeObject } from '../kube/gvr.ts'

/** `unchecked`: nothing can be said, and why. It never counts as "in order". */
export const VERDICTS = ['ok', 'unchecked', 'warn', 'fail'] as const
export type Verdict = (typeof VERDICTS)[number]

/** One line of the answer. Holds no secret: what was read of Secrets and tokens is only judged. */
export interface Finding {
  readonly check: string
  readonly verdict: Verdict
  /** What was seen. */
  readonly seen: string
  /** What to do about it; there whenever something is to be done. */
  readonly todo?: string
}

/** The accounts of the two processes. */
export const ACCOUNTS = { controllers: SERVICE_ACCOUNT, api: API_SERVICE_ACCOUNT } as const

/** Where and how it is looked. */
export interface Exam {
  readonly client: KubeClient
  /** The operator's. */
  readonly namespace: string
  readonly signal: AbortSignal
  /** This machine's clock, epoch milliseconds. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** What is not in order for longer than this is told. */
  readonly olderThanMs: number
  /** Secret of the API's certificate; absent: the one that its pods mount. */
  readonly tlsSecret?: string | undefined
  /** The direct door as clients reach it; absent: it is not asked. */
  readonly api?: { readonly url: string; readonly caFile?: string | undefined } | undefined
  /** The issuer of tokens; absent: what the API's Deployment says. */
  readonly issuer?: Issuer | undefined
}

export interface Issuer {
  readonly issuer: string
  readonly keyFile?: string | undefined
  readonly jwksUrl?: string | undefined
  readonly caFile?: string | undefined
  readonly bearerFile?: string | undefined
}

export interface Check {
  readonly name: string
  /** What it looks at, in a few words. */
  readonly about: string
  /** When it fails, nothing after it can be looked at. */
  readonly isGate?: true
  readonly run: (exam: Exam) => Promise<readonly Omit<Finding, 'check'>[]>
}

type Line = Omit<Finding, 'check'>
export const ok = (seen: string): Line => ({ verdict: 'ok', seen })
export const warn = (seen: string, todo: string): Line => ({ verdict: 'warn', seen, todo })
export const fail = (seen: string, todo: string): Line => ({ verdict: 'fail', seen, todo })
export const unchecked = (seen: string, todo: string): Line => ({ verdict: 'unchecked', seen, todo })

/** What was read, or why it was not. */
export type Look<T> = { readonly value: T } | { readonly why: string; readonly isForbidden: boolean }
export const isSeen = <T>(look: Look<T>): look is { readonly value: T } => 'value' in look

/** Reads; a refusal, or an apiserver that does not answer, is an answer too. Anything else is a bug and goes on. */
export async function look<T>(read: () => Promise<T>): Promise<Look<T>> {
  try {
    return { value: await read() }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { why: error.explanation === '' ? error.message : error.explanation, isForbidden: error.status === 403 || error.status === 401 }
  }
}

/** An object; undefined when it is not there. */
export function find<T = KubeObject>({ client, signal }: Exam, gvr: GroupVersionResource, namespace: string | undefined, name: string) {
  return look(async () => {
    try {
      return await client.get<T>(gvr, namespace, name, signal)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  })
}

/** All objects of a kind; none of a kind that is not served. */
export function all<T = KubeObject>(
  { client, signal }: Exam,
  gvr: GroupVersionResource,
  options: { namespace?: string; labelSelector?: string } = {},
) {
  return look(async () => {
    const items: T[] = []
    try {
      for await (const page of client.list<T>(gvr, { ...options, signal })) items.push(...page.items)
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error
    }
    return items
  })
}

const ASK_ADMINISTRATOR = 'run doctor with --kubeconfig of an administrator to look at this, too'

/** The line for what could not be read. */
export function unseen(what: string, seen: Exclude<Look<unknown>, { readonly value: unknown }>): Line {
  return unchecked(`${what} could not be read: ${seen.why}`, seen.isForbidden ? ASK_ADMINISTRATOR : 'is kube-apiserver up? Try again')
}

/** Runs checks one after the other; each tells of itself, whatever happens in it. */
export async function examine(checks: readonly Check[], exam: Exam, onStart: (check: Check) => void = () => undefined): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [index, check] of checks.entries()) {
    if (exam.signal.aborted) break
    onStart(check)
    let lines: readonly Line[]
    try {
      lines = await check.run(exam)
    } catch (error) {
      if (exam.signal.aborted) break
      lines = [unchecked(`the check itself failed: ${asError(error).message}`, 'this is a bug of doctor; the other checks stand')]
    }
    findings.push(...lines.map((line) => ({ check: check.name, ...line })))
    if (check.isGate !== true || !lines.some(({ verdict }) => verdict === 'fail')) continue
    const left = checks
      .slice(index + 1)
      .map(({ name }) => ({ check: name, ...unchecked(`not looked at: ${check.name} failed`, 'put that right first') }))
    return [...findings, ...left]
  }
  return findings
}
