import { may, must, paragraph, should, type Row } from '../../../support/conformance/row.ts';

/** A cache lists what it holds; the warm one shows these rows. */
const elsewhere = { proxy: 'it holds nothing yet', 'group of a proxy': 'it holds nothing yet' };

const three = ['image:b', 'image:a', 'image:C'];
const ociIndex = 'application/vnd.oci.image.index.v1+json';
const signature =
  '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"<digest of signature>","size":<size of signature>,"artifactType":"application/vnd.example.signature","annotations":{"org.example.key":"k1","org.example.also":"x"}}';
const noIndex = `= {"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[]}`;

/** end-8. */
const tags = paragraph('Listing Tags', [
  must(
    'tags are 200 in ASCII order',
    three,
    `
    > GET /v2/<name>/tags/list
    < 200
    < Content-Type: application/json
    < Link: -
    <
    < = {"name":"<name>","tags":["C","a","b"]}
  `,
    elsewhere,
  ),
  must(
    'a name without tags is 200',
    ['image'],
    `
    > GET /v2/<name>/tags/list
    < 200
    <
    < = {"name":"<name>","tags":[]}
  `,
    elsewhere,
  ),
  must(
    'a name that is not there is 404',
    [],
    `
    > GET /v2/<name>/tags/list
    < 404
    <
    < {"errors":[{"code":"NAME_UNKNOWN"}]}
  `,
  ),
  must(
    'n says how many at most, and Link leads to the next',
    three,
    `
    > GET /v2/<name>/tags/list?n=2
    < 200
    < Link: </v2/<name>/tags/list?n=2&last=a>; rel="next"
    <
    < = {"name":"<name>","tags":["C","a"]}
    > GET /v2/<name>/tags/list?n=2&last=a
    < 200
    < Link: -
    <
    < = {"name":"<name>","tags":["b"]}
  `,
    elsewhere,
  ),
  must(
    'as many as there are have no Link',
    three,
    `
    > GET /v2/<name>/tags/list?n=3
    < 200
    < Link: -
    <
    < = {"name":"<name>","tags":["C","a","b"]}
    > GET /v2/<name>/tags/list?n=1000
    < 200
    < Link: -
    <
    < = {"name":"<name>","tags":["C","a","b"]}
  `,
    elsewhere,
  ),
  must(
    'n=0 is an empty list without a Link',
    three,
    `
    > GET /v2/<name>/tags/list?n=0
    < 200
    < Link: -
    <
    < = {"name":"<name>","tags":[]}
    > GET /v2/<name>/tags/list?n=0&last=a
    < 200
    < Link: -
    <
    < = {"name":"<name>","tags":[]}
  `,
    elsewhere,
  ),
  must(
    'last begins after a tag, without n too',
    three,
    `
    > GET /v2/<name>/tags/list?last=C
    < 200
    < Link: -
    <
    < = {"name":"<name>","tags":["a","b"]}
    > GET /v2/<name>/tags/list?last=b
    < 200
    <
    < = {"name":"<name>","tags":[]}
  `,
    elsewhere,
  ),
  must(
    'last need not be a tag that is there',
    three,
    `
    > GET /v2/<name>/tags/list?last=aa&n=5
    < 200
    <
    < = {"name":"<name>","tags":["b"]}
    > GET /v2/<name>/tags/list?last=%7E
    < 200
    <
    < = {"name":"<name>","tags":[]}
  `,
    elsewhere,
  ),
  should(
    'an n that is no number is 400',
    three,
    `
    > GET /v2/<name>/tags/list?n=-1
    < 400
    > GET /v2/<name>/tags/list?n=many
    < 400
  `,
  ),
  must(
    'a tag is listed once whatever it named before',
    ['image:v1', 'image2:v1'],
    `
    > GET /v2/<name>/tags/list
    < 200
    <
    < = {"name":"<name>","tags":["v1"]}
  `,
    elsewhere,
  ),
]);

/** end-12a and end-12b. */
const referrers = paragraph('Listing Referrers', [
  must(
    'what has no referrers is 200 with an empty index',
    ['image:v1'],
    `
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    < Content-Type: ${ociIndex}
    < OCI-Filters-Applied: -
    < Link: -
    <
    < ${noIndex}
  `,
  ),
  must(
    'what is not there is 200 with an empty index',
    ['image:v1'],
    `
    > GET /v2/<name>/referrers/<digest of a manifest that nobody has>
    < 200
    < Content-Type: ${ociIndex}
    <
    < ${noIndex}
  `,
  ),
  must(
    'a name that is not there is 200 with an empty index',
    [],
    `
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    < Content-Type: ${ociIndex}
    <
    < ${noIndex}
  `,
  ),
  must(
    'a referrer has its type, size, artifactType and all annotations',
    ['image:v1', 'signature'],
    `
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    < Content-Type: ${ociIndex}
    <
    < = {"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[${signature}]}
  `,
  ),
  must(
    'artifactType is the type of the config when the image has none of its own',
    ['image:v1', 'typed by config'],
    `
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    <
    < {"manifests":[{"digest":"<digest of typed by config>","artifactType":"application/vnd.example.config"}]}
  `,
  ),
  must(
    'an empty artifactType is none',
    ['image:v1', 'empty type'],
    `
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    <
    < {"manifests":[{"digest":"<digest of empty type>","artifactType":"application/vnd.example.config"}]}
  `,
  ),
  must(
    'an index without artifactType has none',
    ['image:v1', 'index of proofs'],
    `
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    <
    < = {"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[{"mediaType":"${ociIndex}","digest":"<digest of index of proofs>","size":<size of index of proofs>,"annotations":{"org.example.proof":"1"}}]}
  `,
  ),
  must(
    'an index with artifactType has it',
    ['image:v1', 'typed index of proofs'],
    `
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    <
    < {"manifests":[{"mediaType":"${ociIndex}","digest":"<digest of typed index of proofs>","artifactType":"application/vnd.example.proofs"}]}
  `,
  ),
  must(
    'referrers of a subject that is not there are listed',
    ['orphan'],
    `
    > GET /v2/<name>/referrers/<digest of a manifest that nobody has>
    < 200
    <
    < {"manifests":[{"digest":"<digest of orphan>"}]}
  `,
  ),
  must(
    'a tagged referrer is listed once',
    ['image:v1', 'signature', 'signature:s1', 'signature:s2'],
    `
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    <
    < {"manifests":[{"digest":"<digest of signature>"}]}
  `,
  ),
  must(
    'referrers under another name are not listed',
    ['image:v1', 'other image:v1', 'other signature'],
    `
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    <
    < ${noIndex}
  `,
  ),
  must(
    'what is no digest is 400',
    [],
    `
    > GET /v2/<name>/referrers/v1
    < 400
    <
    < {"errors":[{"code":"DIGEST_INVALID"}]}
    > GET /v2/<name>/referrers/sha256:baddigeststring
    < 400
  `,
  ),
  should(
    'artifactType filters, and OCI-Filters-Applied says so',
    ['image:v1', 'signature', 'sbom', 'index of proofs'],
    `
    > GET /v2/<name>/referrers/<digest of image>?artifactType=application/vnd.example.signature
    < 200
    < Content-Type: ${ociIndex}
    < OCI-Filters-Applied: artifactType
    <
    < = {"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[${signature}]}
    > GET /v2/<name>/referrers/<digest of image>?artifactType=application%2Fvnd.example.sbom
    < 200
    < OCI-Filters-Applied: artifactType
    <
    < {"manifests":[{"digest":"<digest of sbom>"}]}
  `,
  ),
  must(
    'a filter that fits nothing is an empty index',
    ['image:v1', 'signature'],
    `
    > GET /v2/<name>/referrers/<digest of image>?artifactType=application/vnd.example.none
    < 200
    < OCI-Filters-Applied: artifactType
    <
    < ${noIndex}
  `,
  ),
  must(
    'pages are linked, and each is an index',
    ['image:v1', 'signature', 'sbom'],
    `
    > GET /v2/<name>/referrers/<digest of image>?n=1
    < 200
    < Content-Type: ${ociIndex}
    < Link: /^</v2/<name>/referrers/<digest of image>\\?n=1&last=[^>]+>; rel="next"$/
    <
    < {"schemaVersion":2,"mediaType":"${ociIndex}"}
    > GET /v2/<name>/referrers/<digest of image>?n=2
    < 200
    < Link: -
    <
    < {"schemaVersion":2}
  `,
  ),
  may(
    'the page after the last is empty',
    ['image:v1', 'signature'],
    `
    > GET /v2/<name>/referrers/<digest of image>?n=1&last=<digest of signature>
    < 200
    < Link: -
    <
    < ${noIndex}
  `,
  ),
]);

const fallback = paragraph('Enabling the Referrers API', [
  must(
    'what an index lists that is tagged by the old schema is listed too, once',
    ['image:v1', 'list of referrers:<tag of image>'],
    `
    > GET /v2/<name>/manifests/<tag of image>
    < 200
    < Content-Type: ${ociIndex}
    <
    < <bytes of list of referrers>
    > GET /v2/<name>/referrers/<digest of image>
    < 200
    <
    < = {"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[${signature}]}
  `,
  ),
]);

export const discovery: readonly Row[] = [...tags, ...referrers, ...fallback];
