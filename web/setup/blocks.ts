import type { Block, Step } from './block.ts';
import { mirrorBlocks } from './blocks-mirrors.ts';
import { certificateCommands, scriptCommands } from './commands.ts';
import { SCRIPTS, type ScriptName, type SetupFacts } from './facts.ts';

const TITLES: Readonly<Record<ScriptName, string>> = {
  docker: 'docker',
  podman: 'podman, buildah, skopeo',
  containerd: 'containerd, nerdctl',
  system: 'curl and all other programs (the system store)',
};

/** Where the certificate is once the first step of a block is done. */
const CA = '/usr/local/share/dockgate-ca.crt';

/** What to do on each kind of client so that it trusts this registry; then what makes this one its mirror. */
export function setupBlocks(facts: SetupFacts): Block[] {
  const trust = facts.fingerprints.length === 0 ? [] : [...scripted(facts), ...byHand(facts)];
  return [...trust, loginBlock(facts), ...mirrorBlocks(facts)];
}

function scripted(facts: SetupFacts): Block[] {
  return SCRIPTS.map((name) => ({
    id: name,
    title: TITLES[name],
    steps: [
      {
        say: 'Compares the certificate with the fingerprint, fetches the script over HTTPS that is verified with it, and runs it. Whoever changes something on the way is refused: it stops there.',
        code: scriptCommands(name, facts),
      },
      {
        say: 'Where dockgate is installed, the same is:',
        code: `sudo dockgate trust ${facts.registry} --${name}${facts.fingerprints.map((each) => ` --fingerprint ${each}`).join('')}`,
      },
      {
        say: 'To take back what the script did (what dockgate trust did goes with dockgate trust --uninstall):',
        code: scriptCommands(name, facts, '--uninstall'),
      },
    ],
  }));
}

function byHand(facts: SetupFacts): Block[] {
  const { registry } = facts;
  const fetchCa: Step = {
    say: 'Fetch the certificate and compare it:',
    code: certificateCommands(facts, CA),
  };
  return [
    {
      id: 'k3s',
      title: 'k3s, RKE2',
      steps: [
        fetchCa,
        {
          say: 'In /etc/rancher/k3s/registries.yaml (RKE2: /etc/rancher/rke2/registries.yaml), on every node; then restart k3s, k3s-agent, rke2-server or rke2-agent, whichever runs there:',
          code: `configs:\n  "${registry}":\n    tls:\n      ca_file: ${CA}`,
        },
      ],
    },
    {
      id: 'kind',
      title: 'kind',
      steps: [
        {
          say: 'With images of kind before v0.27, in the configuration that the cluster is created with:',
          code: KIND,
        },
        fetchCa,
        {
          say: 'For each node:',
          code: `for node in $(kind get nodes); do\n  docker exec -i "$node" sh -c 'cat >/tmp/ca.crt && mkdir -p "/etc/containerd/certs.d/${registry}" && mv /tmp/ca.crt "/etc/containerd/certs.d/${registry}/ca.crt"' <${CA}\n  printf 'server = "https://${registry}"\\nca = "/etc/containerd/certs.d/${registry}/ca.crt"\\n[host]\\n' |\n    docker exec -i "$node" sh -c 'cat >"/etc/containerd/certs.d/${registry}/hosts.toml"'\ndone`,
        },
      ],
    },
    {
      id: 'buildkit',
      title: 'BuildKit',
      steps: [
        fetchCa,
        { say: 'In buildkitd.toml:', code: `[registry."${registry}"]\n  ca = ["${CA}"]` },
        {
          say: 'With docker buildx, which takes the certificate along into its container (in older ones the option is --config):',
          code: 'docker buildx create --use --driver docker-container --buildkitd-config buildkitd.toml',
        },
      ],
    },
    {
      id: 'crane',
      title: 'crane, oras',
      steps: [
        fetchCa,
        {
          say: 'They use the system store (see above). Without it, crane on Linux and oras everywhere:',
          code: `SSL_CERT_FILE=${CA} crane catalog ${registry}\noras login --ca-file ${CA} ${registry}`,
        },
      ],
    },
    {
      id: 'mac',
      title: 'Docker Desktop on macOS',
      steps: [
        { ...fetchCa, code: certificateCommands(facts, '/tmp/dockgate-ca.crt') },
        {
          say: 'Put it into the keychain, then quit Docker Desktop and start it again: it reads the keychain when it starts.',
          code: 'sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain /tmp/dockgate-ca.crt',
        },
      ],
    },
    {
      id: 'windows',
      title: 'Docker Desktop on Windows',
      steps: [
        {
          say: 'In PowerShell as administrator. What the third line prints must be what stands behind SHA256: above; go on only then.',
          code: `curl.exe -fsS${facts.plain === undefined ? 'k' : ''} ${addressOf(facts)} -o "$env:TEMP\\dockgate-ca.crt"\n$ca = New-Object Security.Cryptography.X509Certificates.X509Certificate2 "$env:TEMP\\dockgate-ca.crt"\n[BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($ca.RawData)) -replace '-',':'`,
        },
        {
          // What was compared, and not what else somebody may have put into the file.
          say: 'Put it into the store of Windows, then quit Docker Desktop and start it again: it reads the store when it starts.',
          code: '[IO.File]::WriteAllBytes("$env:TEMP\\dockgate-ca.cer", $ca.RawData)\nImport-Certificate -FilePath "$env:TEMP\\dockgate-ca.cer" -CertStoreLocation Cert:\\LocalMachine\\Root',
        },
      ],
    },
  ];
}

function addressOf({ plain, registry }: SetupFacts): string {
  return plain === undefined ? `https://${registry}/ca.crt` : `http://${plain}/ca.crt`;
}

const KIND = `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
- |-
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"`;

function loginBlock({ registry }: SetupFacts): Block {
  const code = `docker login ${registry}\ndocker tag nginx ${registry}/nginx\ndocker push ${registry}/nginx\ndocker pull ${registry}/nginx`;
  return {
    id: 'use',
    title: 'Then: log in, push, pull',
    steps: [{ say: 'podman, buildah and nerdctl know the same words.', code }],
  };
}
