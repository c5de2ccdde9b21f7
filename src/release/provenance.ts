interface Facts {
  /** Name of the packed chart, and its SHA-256 in hex. */
  readonly file: string
  readonly sha256: string
  /** Of git. */
  readonly commit: string
  /** The chart's default image, and its digest (`sha256:…`). */
  readonly image: string
  readonly digest: string
}

/** How a packed chart came about, as an in-toto statement with SLSA's provenance v1, as the image has one. Not signed by itself: SHA256SUMS names it. */
export function chartProvenance({ file, sha256, commit, image, digest }: Facts): object {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: file, digest: { sha256 } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:seca-operator:chart:v1',
        externalParameters: { image },
        resolvedDependencies: [
          { name: 'source', digest: { gitCommit: commit } },
          { name: image, digest: { sha256: digest.replace('sha256:', '') } },
        ],
      },
      runDetails: { builder: { id: 'urn:seca-operator:npm-run-release' } },
    },
  }
}
