/** Clients that look for `FOLDER/HOST/ca.crt`. */
function folder(path: string, who: string): string {
  return `
install_trusted() {
  put "${path}/$HOST/ca.crt" "$TRUSTED"
  say 'no restart: ${who}'
}
after_removal() { :; }
`;
}

/** What is done for docker. */
export const DOCKER = folder('/etc/docker/certs.d', 'docker reads it at each login, push and pull');

/** What is done for podman, buildah and skopeo. */
export const PODMAN = folder('/etc/containers/certs.d', 'podman, buildah and skopeo read it at each command');
