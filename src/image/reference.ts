import { SecaError } from '../errors.ts'

// What `docker pull` makes of a name without a registry. Kubelet and containerd compare images by this long form.
const [REGISTRY, NAMESPACE] = ['docker.io', 'library']
const PATTERN = /^(?:(?<host>[a-z0-9.-]*[.:][a-z0-9.:-]*|localhost)\/)?(?<path>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*):(?<tag>\w[\w.-]{0,127})$/

/** Long name and tag of an image: of `seca-operator:0.1.0` the one that a kubelet looks for. Throws when it is no name with a tag. */
export function canonical(reference: string): { name: string; tag: string } {
  const { host, path, tag } = PATTERN.exec(reference)?.groups ?? {}
  if (path === undefined || tag === undefined)
    throw new SecaError('InvalidConfiguration', `${reference} is not the name of an image with a tag, such as seca-operator:0.1.0`)
  const full = host === undefined ? `${REGISTRY}/${path.includes('/') ? '' : `${NAMESPACE}/`}${path}` : `${host}/${path}`
  return { name: `${full}:${tag}`, tag }
}
