/** What every setup script begins with after its settings: words, fetching, fingerprints, files, and taking back. */
export const COMMON = `
CR=$(printf '\\r')
NL='
'
NOTES=/etc/dockgate/setup
NOTE=$NOTES/$CLIENT-$(printf '%s' "$HOST" | tr -c 'A-Za-z0-9._-' '_')
MADE=''

say() { printf '%s: %s\\n' "$CLIENT" "$*"; }
die() { printf 'dockgate setup: %s\\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# What an address gives. Its certificate is not verified here: the fingerprint is compared.
fetch() {
  if have curl; then curl -fsSk --max-time 30 "$1"
  else
    case $1 in
      https:*) wget -q -T 30 --no-check-certificate -O - "$1" ;;
      *) wget -q -T 30 -O - "$1" ;;
    esac
  fi
}

# 64 capital hexadecimal digits of a fingerprint in any spelling.
digits() {
  printf '%s' "$1" | tr 'a-z' 'A-Z' | sed 's/^SHA-*256[:=]//' | tr -d ': '
}

# The fingerprint of one certificate (PEM): SHA-256 over its DER.
fingerprint() {
  if have openssl; then
    out=$(printf '%s' "$1" | openssl x509 -noout -fingerprint -sha256) || return 1
    digits "\${out#*=}"
  else
    out=$(printf '%s' "$1" | sed '/-----/d' | base64 -d | sha256sum) || return 1
    digits "\${out%% *}"
  fi
}

# Calls $2 with each certificate in the text $1, and with nothing else that stands there.
each_certificate() {
  one=''
  while IFS= read -r line; do
    line=\${line%"$CR"}
    case $line in
      '-----BEGIN CERTIFICATE-----') one=$line$NL ;;
      '-----END CERTIFICATE-----')
        if [ -n "$one" ]; then "$2" "$one$line$NL"; fi
        one='' ;;
      *[!A-Za-z0-9+/=]*) one='' ;;
      *) if [ -n "$one" ]; then one=$one$line$NL; fi ;;
    esac
  done <<END
$1
END
}

# Adds a certificate to TRUSTED when its fingerprint is one of those wanted.
consider() {
  print=$(fingerprint "$1") || return 0
  OFFERED="$OFFERED$NL  SHA256:$print"
  case " $WANTED " in *" $print "*) TRUSTED=$TRUSTED$1 ;; esac
}

# Fetches ca.crt and keeps in TRUSTED what has a wanted fingerprint; ends with a text when that is nothing.
get_trusted() {
  TRUSTED='' OFFERED=''
  for address in $ADDRESSES; do
    each_certificate "$(fetch "$address" || true)" consider
    if [ -n "$OFFERED" ]; then break; fi
  done
  if [ -z "$OFFERED" ]; then die "there is no certificate at $ADDRESSES; nothing was changed"; fi
  if [ -n "$TRUSTED" ]; then return 0; fi
  expected=''
  for each in $WANTED; do expected="$expected$NL  SHA256:$each"; done
  die "refused: $address gave another certificate than the one you want to trust.
expected$expected
received$OFFERED
Nothing was changed. Either the fingerprint in your line is old (the server has a new authority), or $HOST is
another machine here, or somebody stands between you and it. Compare with the server itself: its log at the
start, or \\"dockgate certs show\\" there."
}

# Makes a folder and those above it, and notes which.
make_folder() {
  if [ -d "$1" ]; then return 0; fi
  make_folder "$(dirname "$1")"
  mkdir "$1"
  chmod 755 "$1"
  MADE="folder $1$NL$MADE"
}

# Whether this script wrote the file $1 before.
is_ours() { [ -f "$NOTE" ] && grep -qxF "file $1" "$NOTE"; }

# Gives the file $1 the text $2 in one step. What was there is kept beside it, and noted.
put() {
  if [ -f "$1" ] && [ "$(cat "$1"; echo x)" = "\${2}x" ]; then say "$1 is as it should be"; return 0; fi
  make_folder "$(dirname "$1")"
  if ! is_ours "$1"; then
    if [ -e "$1" ]; then cp -p "$1" "$1.before-dockgate"; fi
    MADE="file $1$NL$MADE"
  fi
  note
  printf '%s' "$2" >"$1.new.$$"
  chmod 644 "$1.new.$$"
  mv -f "$1.new.$$" "$1"
  say "wrote $1"
}

# Remembers what was made, the newest first, so that --uninstall takes back just that.
note() {
  if [ -z "$MADE" ]; then return 0; fi
  make_folder "$NOTES"
  before=$(if [ -f "$NOTE" ]; then cat "$NOTE"; fi)
  printf '%s%s\\n' "$MADE" "$before" >"$NOTE.new"
  mv -f "$NOTE.new" "$NOTE"
  MADE=''
}

# Removes what is noted, puts back what was there before, and removes the folders that were made and are empty.
take_back() {
  if ! [ -f "$NOTE" ]; then say "nothing was installed for $HOST by this script; nothing was changed"; return 0; fi
  noted=$(cat "$NOTE")
  rm -f "$NOTE"
  for kind in file folder; do
    while read -r what path; do
      if [ "$what" != "$kind" ]; then continue; fi
      if [ "$kind" = folder ]; then rmdir "$path" 2>/dev/null || true
      elif [ -e "$path.before-dockgate" ]; then mv -f "$path.before-dockgate" "$path"; say "put $path back as it was"
      else rm -f "$path"; say "removed $path"; fi
    done <<END
$noted
END
  done
}

main() {
  if [ "$(id -u)" != 0 ]; then die 'run it as root, for example with sudo'; fi
  if [ "\${1-}" = --uninstall ]; then take_back; after_removal; return 0; fi
  if [ $# = 0 ]; then die "give the fingerprint: SHA256: and 64 hexadecimal digits, as the server's log shows it"; fi
  have curl || have wget || die 'neither curl nor wget is here: install one of them'
  have openssl || have sha256sum || die 'neither openssl nor sha256sum is here: install one of them'
  WANTED=''
  for given; do
    given=$(digits "$given")
    case $given in *[!0-9A-F]*) die 'that is no fingerprint: give SHA256: and 64 hexadecimal digits' ;; esac
    if [ \${#given} != 64 ]; then die 'that is no fingerprint: give SHA256: and 64 hexadecimal digits'; fi
    WANTED="$WANTED $given"
  done
  get_trusted
  install_trusted
}
`;
