export const docsPage = (document: unknown): { body: string; policy: string } => ({ body: JSON.stringify(document), policy: '' })
