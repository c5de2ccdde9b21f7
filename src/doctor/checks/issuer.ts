import { existsSync, readFileSync } from 'node:fs'
import { asError } from '../../errors.ts'
import { createFetch, type FetchJson } from '../../api/identity/issuer-fetch.ts'
import { keysAtUrl, keysOfIssuer, parseKeys } from '../../api/identity/keys.ts'
import { type Check, type Exam, fail, type Issuer, ok, unchecked } from '../check.ts'
import { apiDeployment, flagOf } from '../workloads.ts'
import { clockLine } from './cluster.ts'

/** What the API's pods are told. */
async function ofDeployment(exam: Exam): Promise<Issuer | undefined> {
  const deployment = await apiDeployment(exam)
  const issuer = deployment && flagOf(deployment, '--token-issuer')
  if (deployment === undefined || issuer === undefined) return undefined
  return {
    issuer,
    keyFile: flagOf(deployment, '--token-key-file'),
    jwksUrl: flagOf(deployment, '--token-jwks-url'),
    caFile: flagOf(deployment, '--token-ca-file'),
    bearerFile: flagOf(deployment, '--token-issuer-bearer-file'),
  }
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
    const told = exam.issuer ?? (await ofDeployment(exam))
    if (told === undefined)
      return [unchecked('it is not known which issuer the API trusts: no Deployment of it can be read', 'name it with --token-issuer')]
    const { issuer: name, keyFile, jwksUrl, caFile, bearerFile } = told
    // Paths of a pod mean nothing elsewhere.
    const absent = [keyFile, caFile, bearerFile].find((file) => file !== undefined && !existsSync(file))
    if (absent !== undefined) return [unchecked(`the issuer is ${name}; ${absent} is not on this machine`, IN_THE_POD)]
    try {
      if (keyFile !== undefined)
        return [ok(`issuer ${name}: ${parseKeys(readFileSync(keyFile, 'utf8'), keyFile).keys.length} keys in ${keyFile}`)]
      const { fetch, difference } = withClock(createFetch({ caFile, bearerFile }), exam.now)
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
