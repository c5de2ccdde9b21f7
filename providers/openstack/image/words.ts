/** SECA's words for images, and those of Glance's common properties. */
const ARCHITECTURES = { amd64: 'x86_64', arm64: 'aarch64' } as const
const FIRMWARE = { UEFI: 'uefi', BIOS: 'bios' } as const
const INITIALIZERS = { none: 'none', 'cloudinit-22': 'cloud-init' } as const

const back = <T extends string>(words: Readonly<Record<T, string>>, otherwise: T) => {
  const byWord = new Map(Object.entries<string>(words).map(([seca, word]) => [word, seca as T]))
  return (word: unknown): T => byWord.get(String(word)) ?? otherwise
}

export const architecture = { of: (name: keyof typeof ARCHITECTURES) => ARCHITECTURES[name], from: back(ARCHITECTURES, 'amd64') }
export const firmware = { of: (name: keyof typeof FIRMWARE) => FIRMWARE[name], from: back(FIRMWARE, 'BIOS') }
export const initializer = { of: (name: keyof typeof INITIALIZERS) => INITIALIZERS[name], from: back(INITIALIZERS, 'cloudinit-22') }
