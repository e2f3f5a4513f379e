import { must, paragraph, type Row } from '../../../support/conformance/row.ts';

/** What is said where nothing can be pushed: 400 or 405. */
const disabled = paragraph('Content Management where it is disabled', [
  must(
    'a push is 405 in JSON and says that this is read-only',
    ['image:v1'],
    `
    > POST /v2/<name>/blobs/uploads/
    < 405
    <
    < {"errors":[{"code":"UNSUPPORTED"}]}
    > POST /v2/<name>/blobs/uploads/?mount=<digest of hello>&from=<other>
    < 405
    > PUT /v2/<name>/manifests/v2
    > Content-Type: application/vnd.oci.image.manifest.v1+json
    >
    > <bytes of image>
    < 405
    <
    < {"errors":[{"code":"UNSUPPORTED"}]}
    > PATCH /v2/<name>/blobs/uploads/00000000-0000-0000-0000-000000000000
    >
    > hello
    < 405
  `,
  ),
  must(
    'a deletion is 405 in JSON',
    ['image:v1'],
    `
    > DELETE /v2/<name>/manifests/v1
    < 405
    <
    < {"errors":[{"code":"UNSUPPORTED"}]}
    > DELETE /v2/<name>/manifests/<digest of image>
    < 405
    > DELETE /v2/<name>/blobs/<digest of hello>
    < 405
    > GET /v2/<name>/manifests/v1
    < 200
  `,
  ),
]);

export const readOnly: readonly Row[] = disabled.map((row) => ({ ...row, onReadOnly: true }));
