import { type Blob, type Descriptor, jsonBlob, MEDIA_TYPE, rawBlob } from '../image/oci.ts'
import type { Signer } from './key.ts'

/** A manifest, what it names, and the tag under which it is found. */
export interface Artifact {
  readonly tag: string
  readonly manifest: Blob
  readonly blobs: readonly Blob[]
}

const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json'
const SIGNATURE = 'dev.cosignproject.cosign/signature'

/**
 * A signature of a manifest as cosign keeps it beside it in a registry (github.com/sigstore/cosign, specs/SIGNATURE_SPEC.md): what is signed is a
 * "simple signing" document that names repository and digest.
 */
export function signatureOf({ digest }: Pick<Descriptor, 'digest'>, repository: string, signer: Signer): Artifact {
  const payload = rawBlob(
    SIMPLE_SIGNING,
    Buffer.from(
      JSON.stringify({
        critical: {
          identity: { 'docker-reference': repository },
          image: { 'docker-manifest-digest': digest },
          type: 'cosign container image signature',
        },
        optional: null,
      }),
    ),
  )
  const config = jsonBlob('config', {
    architecture: '',
    created: '0001-01-01T00:00:00Z',
    history: [{ created: '0001-01-01T00:00:00Z' }],
    os: '',
    rootfs: { type: 'layers', diff_ids: [payload.descriptor.digest] },
    config: {},
  })
  const manifest = jsonBlob('manifest', {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: config.descriptor,
    layers: [{ ...payload.descriptor, annotations: { [SIGNATURE]: signer.sign(payload.content) } }],
  })
  return { tag: `${digest.replace(':', '-')}.sig`, manifest, blobs: [config, payload] }
}
