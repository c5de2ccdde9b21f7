import { existsSync, readFileSync } from 'node:fs'
import { asError } from '../../errors.ts'
import { createFetch, type FetchJson } from '../../api/identity/issuer-fetch.ts'
import { keysAtUrl, keysOfIssuer, parseKeys } from '../../api/identity/keys.ts'
import { type Check, type Exam, fail, type Issuer, ok, unchecked } from '../check.ts'
import { deploymentOf, flagOf, mountedText } from '../workloads.ts'
import { clockLine } from './cluster.ts'

/** An issuer with the files that say how to ask it, as text; `absent`: one that is not to be had here. */
interface Told extends Pick<Issuer, 'issuer' | 'jwksUrl' | 'bearerFile'> {
  readonly keys?: string | undefined
  readonly ca?: string | undefined
  readonly absent?: string | undefined
}

const here = (file: string | undefined) => (file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : undefined)
const firstAbsent = (files: readonly (readonly [string | undefined, unknown])[]) =>
  files.find(([file, text]) => file !== undefined && text === undefined)?.[0]

/** What the flags of doctor itself say. */
function ofFlags({ keyFile, caFile, ...told }: Issuer): Told {
  const [keys, ca] = [here(keyFile), here(caFile)]
  return {
    ...told,
    keys,
    ca,
    absent: firstAbsent([
      [keyFile, keys],
      [caFile, ca],
      [told.bearerFile, here(told.bearerFile)],
    ]),
  }
}

/** What the API's pods are told. Their paths mean nothing here, but what comes from a ConfigMap can be read there. */
async function ofDeployment(exam: Exam): Promise<Told | undefined> {
  const deployment = await deploymentOf(exam, 'api')
  const issuer = deployment && flagOf(deployment, '--token-issuer')
  if (deployment === undefined || issuer === undefined) return undefined
  const textOf = async (flag: string) => {
    const file = flagOf(deployment, flag)
    return [file, file === undefined ? undefined : await mountedText(exam, deployment, file)] as const
  }
  const [keys, ca, bearer] = [await textOf('--token-key-file'), await textOf('--token-ca-file'), await textOf('--token-issuer-bearer-file')]
  return { issuer, jwksUrl: flagOf(deployment, '--token-jwks-url'), keys: keys[1], ca: ca[1], absent: firstAbsent([keys, ca, bearer]) }
}

/** Tells what time the issuer has, besides. */
function withClock(fetchJson: FetchJson, now: () => number) {
  let difference: number | undefined
  const fetch: FetchJson = async (url, headers) => {
    const before = now()
    const answer = await fetchJson(url, headers)
    if (answer.date !== undefined) difference = Date.parse(answer.date) + 500 - (before + now()) / 2
    return answer
  }
  return { fetch, difference: () => difference }
}

const IN_THE_POD =
  'what the API itself sees may differ: kubectl exec into its pod and run doctor --only issuer there, with its --token-… flags'

/** Discovery and keys of the token issuer can be read, and its clock agrees. */
export const issuer: Check = {
  name: 'issuer',
  about: "the token issuer's discovery and keys can be read, and its clock agrees",
  run: async (exam) => {
    const told = exam.issuer === undefined ? await ofDeployment(exam) : ofFlags(exam.issuer)
    if (told === undefined)
      return [unchecked('it is not known which issuer the API trusts: no Deployment of it can be read', 'name it with --token-issuer')]
    const { issuer: name, keys: given, jwksUrl, ca, bearerFile, absent } = told
    if (absent !== undefined) return [unchecked(`the issuer is ${name}; ${absent} cannot be read from here`, IN_THE_POD)]
    try {
      if (given !== undefined) return [ok(`issuer ${name}: ${parseKeys(given, 'the file of its keys').keys.length} keys, given in a file`)]
      const { fetch, difference } = withClock(createFetch({ ca, bearerFile }), exam.now)
      const source = jwksUrl === undefined ? keysOfIssuer(name, fetch) : keysAtUrl(jwksUrl, fetch)
      const { keys } = await source.load()
      if (keys.length === 0) return [fail(`issuer ${name} has no keys`, 'no token can be verified; look at the issuer')]
      return [ok(`issuer ${name}: ${keys.length} keys can be read`), clockLine('the issuer', difference() ?? Number.NaN)]
    } catch (error) {
      const cause = asError(error).cause
      const why = [asError(error).message, ...(cause instanceof Error ? [cause.message] : [])].join(': ')
      return [
        fail(
          `the keys of issuer ${name} cannot be read: ${why}`,
          `is it up, is --token-issuer right to the letter, and does it need --token-ca-file? From here it looks so; ${IN_THE_POD}`,
        ),
      ]
    }
  },
}
