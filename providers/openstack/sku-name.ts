/** A name of the cloud as a SKU's: lower case letters, digits, hyphens and dots. */
export function skuName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .replace(/\.{2,}/g, '.')
    .slice(0, 63)
}
