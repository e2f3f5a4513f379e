/** What every setup script begins with after its settings: words, fetching, fingerprints, files, and taking back. */
export const COMMON = `
CR=$(printf '\\r')
NL='
'
NOTES=/etc/dockgate/setup
FOLDERS=/etc/dockgate/folders
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
  printf '%s' "$1" | tr '[:lower:]' '[:upper:]' | sed 's/^SHA-*256[:=]//' | tr -d ': '
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
  if [ \${#print} != 64 ]; then return 0; fi
  OFFERED="$OFFERED$NL  SHA256:$print"
  case " $WANTED " in *" $print "*) TRUSTED=$TRUSTED$1 ;; esac
}

# Fetches ca.crt and keeps in TRUSTED what has a wanted fingerprint; ends with a text when that is nothing.
get_trusted() {
  TRUSTED='' OFFERED=''
  for address in $ADDRESSES; do
    # A ca.crt is some kilobytes; who sends without an end is not listened to.
    each_certificate "$(fetch "$address" | head -c 1048576)" consider
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
  MADE="$MADE$1$NL"
}

# Puts what comes in into the file $1 in one step.
replace() {
  cat >"$1.new.$$"
  chmod 644 "$1.new.$$"
  mv -f "$1.new.$$" "$1"
}

# Whether there is a file $1, or a link that leads nowhere.
is_there() { [ -e "$1" ] || [ -h "$1" ]; }

# The SHA-256 of what comes in.
sum() {
  if have sha256sum; then sha256sum | cut -d ' ' -f 1
  else openssl dgst -sha256 | sed 's/.*= *//'; fi
}

# Whether the file $1 is as this script once wrote it.
is_ours() {
  [ -f "$1" ] && [ -f "$NOTE" ] && grep -qxF "$(sum <"$1") $1" "$NOTE"
}

# Gives the file $1 the text $2. What somebody else had there is kept beside it.
put() {
  if [ -f "$1" ] && [ "$(cat "$1"; echo x)" = "\${2}x" ]; then say "$1 is as it should be"; return 0; fi
  make_folder "$NOTES"
  make_folder "$(dirname "$1")"
  if [ -n "$MADE" ]; then
    { if [ -f "$FOLDERS" ]; then cat "$FOLDERS"; fi; printf '%s' "$MADE"; } | replace "$FOLDERS"
    MADE=''
  fi
  if is_there "$1" && ! is_ours "$1"; then cp -pP "$1" "$1.before-dockgate"; fi
  # Noted before it is done, so that --uninstall knows of it whatever happens now.
  { if [ -f "$NOTE" ]; then cat "$NOTE"; fi; printf '%s %s\\n' "$(printf '%s' "$2" | sum)" "$1"; } | replace "$NOTE"
  printf '%s' "$2" | replace "$1"
  say "wrote $1"
}

# Removes what is $NOTED, puts back what was there before, and leaves what somebody changed since.
take_back() {
  printf '%s\\n' "$NOTED" | while read -r path; do
    if is_there "$path" && ! is_ours "$path"; then say "left $path alone, because somebody changed it since"
    elif is_there "$path.before-dockgate"; then
      mv -f "$path.before-dockgate" "$path"
      say "put $path back as it was"
    else
      rm -f "$path"
      say "removed $path"
    fi
  done
  rm -f "$NOTE"
  tidy
}

# Removes the folders that were made and are empty; the last one to need them, this or dockgate trust, takes the list along.
tidy() {
  if ! [ -f "$FOLDERS" ]; then return 0; fi
  made=$(sort -ru "$FOLDERS")
  if [ -e /etc/dockgate/trust.json ] || [ -n "$(ls -A "$NOTES")" ]; then
    remove_empty | replace "$FOLDERS"
  else
    rm -f "$FOLDERS"
    remove_empty >/dev/null
  fi
}

# Tries each of the folders in $made, what is inside before what is outside, and prints those that are still there.
remove_empty() {
  printf '%s\\n' "$made" | while read -r path; do
    rmdir "$path" 2>/dev/null || if [ -d "$path" ]; then printf '%s\\n' "$path"; fi
  done
}

# Waits until no other setup script and no dockgate trust is at work; the system ends this when the script ends.
alone() {
  have flock || return 0
  exec 9</
  tries=0
  until flock -n 9; do
    tries=$((tries + 1))
    if [ "$tries" -gt 60 ]; then die 'another setup script, or dockgate trust, is at work on this machine: wait until it is done'; fi
    sleep 1
  done
}

main() {
  if [ "$(id -u)" != 0 ]; then die 'run it as root, for example with sudo'; fi
  if [ "\${1-}" = --uninstall ]; then
    alone
    if ! [ -f "$NOTE" ]; then say "nothing was installed for $HOST by this script; nothing was changed"; return 0; fi
    NOTED=$(cut -d ' ' -f 2- "$NOTE" | sort -u)
    take_back
    after_removal
    return 0
  fi
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
  alone
  install_trusted
}
`;
