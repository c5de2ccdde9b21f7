import { type Check, type Exam, fail, isSeen, look, ok, unchecked, unseen, warn } from '../check.ts'

/** First Kubernetes whose CRDs have selectable fields by default. */
const LEAST = [1, 31] as const

async function version(exam: Exam) {
  const seen = await look(() => exam.client.raw<{ gitVersion: string }>('GET', '/version', undefined, { signal: exam.signal }))
  if (!isSeen(seen)) return fail(`kube-apiserver does not answer: ${seen.why}`, 'check --kubeconfig, and that kube-apiserver is up')
  const { gitVersion } = seen.value
  const [major = 0, minor = 0] = (/^v?(\d+)\.(\d+)/.exec(gitVersion) ?? []).slice(1).map(Number)
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return ok(`Kubernetes ${gitVersion}`)
  return fail(
    `Kubernetes ${gitVersion} is older than ${LEAST.join('.')}`,
    'upgrade the cluster: lists by field and admission policies are needed',
  )
}

async function who(exam: Exam) {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const seen = await look(() =>
    exam.client.raw<{ status: { userInfo: { username: string } } }>('POST', path, body, { signal: exam.signal }),
  )
  return isSeen(seen) ? ok(`looked at as ${seen.value.status.userInfo.username}`) : unseen('who doctor is here', seen)
}

/** Is kube-apiserver there, which one, and who are we? */
export const cluster: Check = {
  name: 'cluster',
  about: 'kube-apiserver answers, and is new enough',
  isGate: true,
  run: async (exam) => {
    const first = await version(exam)
    return first.verdict === 'fail' ? [first] : [first, await who(exam)]
  },
}

/** Clocks whose difference is no trouble yet: the Date header has whole seconds. */
const NEAR_MS = 3_000
/** What `--token-clock-tolerance` is by default. */
const FAR_MS = 30_000

/** Judges the difference between this machine's clock and another one. Also for the issuer's. */
export function clockLine(whose: string, differenceMs: number) {
  if (!Number.isFinite(differenceMs)) return unchecked(`${whose} does not say what time it is`, 'compare its clock by hand')
  const seconds = Math.abs(Math.round(differenceMs / 1_000))
  const seen = `${whose} is ${seconds} s ${differenceMs > 0 ? 'ahead of' : 'behind'} this machine's clock`
  if (Math.abs(differenceMs) <= NEAR_MS) return ok(`the clocks of this machine and ${whose} agree`)
  const todo = 'set both by NTP; tokens, certificates and the age of roles are judged by clocks'
  return Math.abs(differenceMs) > FAR_MS ? fail(seen, todo) : warn(seen, todo)
}

export const clocks: Check = {
  name: 'clocks',
  about: "kube-apiserver's clock and this machine's agree",
  run: async (exam) => {
    const before = exam.now()
    const seen = await look(() => exam.client.serverTime(exam.signal))
    if (!isSeen(seen)) return [unseen("kube-apiserver's clock", seen)]
    // Half a second, on average, is cut off.
    return [clockLine('kube-apiserver', seen.value + 500 - (before + exam.now()) / 2)]
  },
}
