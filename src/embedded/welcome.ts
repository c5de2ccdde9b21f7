import type { Folder } from './folder.ts'

/** What `npm start` says at last. `where` tells of metrics and logs. */
export function welcome(folder: Pick<Folder, 'file'>, where: string): string {
  return `
SECA is running. In another terminal, in this folder:

  source ${folder.file('env')}
  kubectl apply -f examples/acme/
  kubectl get seca -A
  kubectl wait seca --all -n seca-acme--prod --for=condition=Ready --timeout=2m
  kubectl delete -f examples/acme/

  curl --cacert "$SECA_CA" -H "Authorization: Bearer $SECA_TOKEN" "$SECA_URL/providers/seca.workspace/v1/tenants/$SECA_TENANT/workspaces"

${where}
Ctrl-C stops everything; the next start continues with the same data, npm start -- --clean starts over.
`
}
