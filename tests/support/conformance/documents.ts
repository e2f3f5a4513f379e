/** A manifest in plain sight; its placeholders are those of `Content`. */
export interface Document {
  readonly type: string;
  readonly json: string;
  /** True when registries from before OCI 1.1 take it too. */
  readonly old?: true;
}

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';
const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';

const config = '<descriptor application/vnd.oci.image.config.v1+json of {"os":"linux"}>';
const layer = (text: string): string => `<descriptor application/vnd.oci.image.layer.v1.tar+gzip of ${text}>`;
const empty = '<descriptor application/vnd.oci.empty.v1+json of {}>';
const head = `"schemaVersion":2,"mediaType":"${ociManifest}"`;
const indexHead = `"schemaVersion":2,"mediaType":"${ociIndex}"`;
const oci = (json: string): Document => ({ type: ociManifest, json });
const index = (json: string): Document => ({ type: ociIndex, json });
const padding = (bytes: number): string => 'A'.repeat(bytes);

/** The manifests that rows speak of. OCI image-spec 1.1 manifest.md, image-index.md; Docker image manifest v2. */
export const documents: Readonly<Record<string, Document>> = {
  image: { ...oci(`{${head},"config":${config},"layers":[${layer('hello')}]}`), old: true },
  image2: { ...oci(`{${head},"config":${config},"layers":[${layer('other')}]}`), old: true },
  bare: { ...oci(`{"schemaVersion":2,"config":${config},"layers":[${layer('bare bones')}]}`), old: true },
  index: {
    ...index(
      `{${indexHead},"manifests":[<descriptor of image with "platform":{"os":"linux","architecture":"amd64"}>,<descriptor of image2 with "platform":{"os":"linux","architecture":"arm64"}>]}`,
    ),
    old: true,
  },
  'nested index': index(`{${indexHead},"manifests":[<descriptor of index>,<descriptor of artifact>]}`),
  'empty index': index(`{${indexHead},"manifests":[]}`),
  'docker image': {
    type: dockerManifest,
    json: `{"schemaVersion":2,"mediaType":"${dockerManifest}","config":<descriptor application/vnd.docker.container.image.v1+json of {"os":"linux"}>,"layers":[<descriptor application/vnd.docker.image.rootfs.diff.tar.gzip of hello>]}`,
    old: true,
  },
  'docker list': {
    type: dockerList,
    json: `{"schemaVersion":2,"mediaType":"${dockerList}","manifests":[<descriptor of docker image with "platform":{"os":"linux","architecture":"amd64"}>]}`,
    old: true,
  },
  'zstd image': oci(
    `{${head},"config":${config},"layers":[<descriptor application/vnd.oci.image.layer.v1.tar+zstd of zstd>]}`,
  ),
  'uncompressed image': oci(
    `{${head},"config":${config},"layers":[<descriptor application/vnd.oci.image.layer.v1.tar of plain>]}`,
  ),
  // The layers live elsewhere and are in no registry.
  'nondistributable image': oci(
    `{${head},"config":${config},"layers":[{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip","digest":"<digest of far>","size":3,"urls":["https://store.example.com/far"]},{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar","digest":"<digest of away>","size":4},${layer('hello')}]}`,
  ),
  'foreign image': {
    type: dockerManifest,
    json: `{"schemaVersion":2,"mediaType":"${dockerManifest}","config":<descriptor application/vnd.docker.container.image.v1+json of {"os":"windows"}>,"layers":[{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"<digest of far>","size":3,"urls":["https://store.example.com/far"]}]}`,
  },
  'image without layers': oci(`{${head},"config":${config},"layers":[]}`),
  'image of nothing': oci(`{${head},"config":${config},"layers":[${layer('nothing')}]}`),
  'image with data': oci(
    `{${head},"config":${config},"layers":[<descriptor application/vnd.oci.image.layer.v1.tar of hello with "data":"aGVsbG8=">]}`,
  ),
  // Spaces, an escape, numbers that a second writing would change, unknown fields at every level, a line end.
  'image with own fields': oci(
    `{ "org.example":{"a":[1.0,1e2,12345678901234567890]},\t${head}, "config": ${config},"layers" : [<descriptor application/vnd.oci.image.layer.v1.tar of hello with "x":null>], "annotations":{"a":"\\u00e9 / \\/"} }\n`,
  ),
  artifact: oci(
    `{${head},"artifactType":"application/vnd.example.thing","config":${empty},"layers":[<descriptor application/vnd.example.thing of thing>]}`,
  ),
  'artifact without layers': oci(
    `{${head},"artifactType":"application/vnd.example.thing","config":${empty},"layers":[${empty}]}`,
  ),
  chart: oci(
    `{${head},"config":<descriptor application/vnd.cncf.helm.config.v1+json of {"name":"chart"}>,"layers":[<descriptor application/vnd.cncf.helm.chart.content.v1.tar+gzip of chart content>]}`,
  ),
  signature: oci(
    `{${head},"artifactType":"application/vnd.example.signature","config":${empty},"layers":[${empty}],"subject":<descriptor of image>,"annotations":{"org.example.key":"k1","org.example.also":"x"}}`,
  ),
  sbom: oci(
    `{${head},"artifactType":"application/vnd.example.sbom","config":${empty},"layers":[<descriptor application/spdx+json of list of parts>],"subject":<descriptor of image>}`,
  ),
  'typed by config': oci(
    `{${head},"config":<descriptor application/vnd.example.config of {"c":1}>,"layers":[${empty}],"subject":<descriptor of image>}`,
  ),
  'empty type': oci(
    `{${head},"artifactType":"","config":<descriptor application/vnd.example.config of {"c":2}>,"layers":[],"subject":<descriptor of image>}`,
  ),
  'index of proofs': index(
    `{${indexHead},"manifests":[],"subject":<descriptor of image>,"annotations":{"org.example.proof":"1"}}`,
  ),
  'typed index of proofs': index(
    `{${indexHead},"artifactType":"application/vnd.example.proofs","manifests":[<descriptor of artifact>],"subject":<descriptor of image>}`,
  ),
  'list of referrers': index(`{${indexHead},"manifests":[<descriptor of signature>]}`),
  orphan: oci(
    `{${head},"artifactType":"application/vnd.example.sbom","config":${empty},"layers":[${empty}],"subject":{"mediaType":"${ociManifest}","digest":"<digest of a manifest that nobody has>","size":123}}`,
  ),
  'large image': oci(
    `{${head},"config":${config},"layers":[],"annotations":{"a":"${padding(4 * 1024 * 1024 - 1024)}"}}`,
  ),
  'too large image': oci(
    `{${head},"config":${config},"layers":[],"annotations":{"a":"${padding(4 * 1024 * 1024)}"}}`,
  ),
  'both image and index': oci(`{${head},"config":${config},"layers":[],"manifests":[]}`),
};
