/** What is done for the store that all programs of a machine use, of the Debian and the Red Hat family. */
export const SYSTEM = `
if [ -f /etc/ca-certificates.conf ] && have update-ca-certificates; then
  ANCHORS=/usr/local/share/ca-certificates
  update() { update-ca-certificates "$@" >/dev/null; }
elif [ -d /etc/pki/ca-trust/source/anchors ] && have update-ca-trust; then
  ANCHORS=/etc/pki/ca-trust/source/anchors
  update() { update-ca-trust extract; }
else
  die 'the store of this machine is not known: neither update-ca-certificates (Debian) nor update-ca-trust (Red Hat)'
fi

# One file for each certificate: the tools want it so.
put_anchor() {
  short=$(fingerprint "$1" | cut -c 1-8 | tr 'A-F' 'a-f')
  put "$ANCHORS/dockgate-$(printf '%s' "$HOST" | tr -c 'A-Za-z0-9._-' '_')-$short.crt" "$1"
}

install_trusted() {
  each_certificate "$TRUSTED" put_anchor
  update
  say 'updated the system store: restart programs that run already and are to trust it, such as dockerd'
}
after_removal() {
  update --fresh
  say 'updated the system store'
  if [ -e "$JAVA" ]; then remove_from_java; fi
}

JAVA=/etc/ssl/certs/java/cacerts

# Java on Debian keeps what it took over: update-ca-certificates does not tell it of what is gone.
remove_from_java() {
  printf '%s\\n' "$NOTED" | while read -r path; do
    name=debian:$(basename "$path" .crt).pem
    set -- -keystore "$JAVA" -storepass changeit -alias "$name"
    if ! have keytool; then say "Java keeps what it took over, and keytool is not here to remove it: keytool -delete $*"
    elif ! keytool -list "$@" >/dev/null 2>&1 </dev/null; then :
    elif keytool -delete "$@" >/dev/null 2>&1 </dev/null; then say "ran keytool -delete $*"
    else say "Java keeps what it took over; remove it with keytool -delete $*"; fi
  done
}
`;
