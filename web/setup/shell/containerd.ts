/** What is done for containerd: `hosts.toml` of the host, unless somebody else wrote one. */
export const CONTAINERD = `
CONFIG=/etc/containerd/config.toml

install_trusted() {
  named=''
  if [ -f "$CONFIG" ]; then
    named=$(tr "'" '"' <"$CONFIG" | sed -n 's/^[[:space:]]*config_path[[:space:]]*=[[:space:]]*"\\(\\/[^"]*\\).*/\\1/p' | head -n 1)
  fi
  folder=\${named%%:*}
  folder=\${folder:-/etc/containerd/certs.d}
  # containerd looks for host_port_ before host:port, so one that is there wins.
  name=$(printf '%s' "$HOST" | sed 's/:\\([0-9]*\\)$/_\\1_/')
  if ! [ -d "$folder/$name" ]; then name=$HOST; fi
  ca=$folder/$name/dockgate-ca.crt
  toml=$folder/$name/hosts.toml
  put "$ca" "$TRUSTED"
  # Nothing under [host], yet the empty table must be there, or containerd 1.6 drops the file.
  wanted="server = \\"https://$HOST\\"
capabilities = [\\"pull\\", \\"resolve\\", \\"push\\"]
ca = \\"$ca\\"
[host]
"
  if [ -e "$toml" ] && ! is_ours "$toml" && grep -qF "\\"$ca\\"" "$toml"; then say "$toml names it already"
  elif [ -e "$toml" ] && ! is_ours "$toml" && [ "$(cat "$toml"; echo x)" != "\${wanted}x" ]; then
    die "$toml was written by somebody else and is left as it is. Add there, above the first [table] and below
[host.\\"https://$HOST\\"] if that is there:
  ca = \\"$ca\\"
(dockgate trust $HOST --containerd does that by itself.)"
  else put "$toml" "$wanted"; fi
  case $named in
    '') ;;
    *:*)
      # https://github.com/containerd/containerd/issues/12415
      say "$CONFIG names several folders as config_path, which containerd 2.1 and 2.2 take for one when Kubernetes"
      say "pulls: with those, name $folder alone and restart containerd; containerd 1 needs no restart"
      return 0 ;;
    *) say 'no restart: containerd reads hosts.toml at each push and pull'; return 0 ;;
  esac
  say "for Kubernetes, put config_path = \\"$folder\\" below [plugins.\\"io.containerd.grpc.v1.cri\\".registry]"
  say "(version = 3: [plugins.'io.containerd.cri.v1.images'.registry]) in $CONFIG, and restart containerd."
  say "nerdctl reads the folder as it is, and ctr with --hosts-dir $folder"
}
after_removal() { :; }
`;
