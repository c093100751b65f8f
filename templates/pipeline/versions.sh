images=$(printf %s "$IMAGES" | tr '[:upper:]' '[:lower:]')
digest_of() { docker buildx imagetools inspect "$1" 2>/dev/null | awk '$1 == "Digest:" { print $2; exit }'; }
version=${VERSION#v} minor='' digests=''
case $version in *[!0-9.]* | *.*.*.*) ;; [0-9]*.[0-9]*.[0-9]*) minor=${version%.*} ;; esac
later_patches() { # of the same minor version, by the tags of the repository
  [ -n "$minor" ] || return 0
  git tag --list "v$minor.*" | while IFS= read -r other; do
    patch=${other##*.}
    case $patch in '' | *[!0-9]*) continue ;; esac
    [ "$other" = "v$minor.$patch" ] && [ "$patch" -gt "${version##*.}" ] || continue
    echo "$minor.$patch"
  done
}
for name in $NAMES; do
  image=$images/$name digest=''
  for try in $(seq "$TRIES"); do # the pipeline of the commit may still be running
    digest=$(digest_of "$image:$COMMIT") || :
    [ -z "$digest" ] && [ "$try" -lt "$TRIES" ] || break
    sleep 20
  done
  [ -n "$digest" ] || { echo "$image has no tested image of $COMMIT: its pipeline has to pass on the branch first" >&2; exit 1; }
  before=$(digest_of "$image:$version") || :
  [ "${before:-$digest}" = "$digest" ] || { echo "$image:$version is there, and is another image: choose another version" >&2; exit 1; }
  set -- "$version" $minor
  for later in $(later_patches); do
    [ -n "$(digest_of "$image:$later")" ] || continue # its release failed
    echo "$image:$minor stays as it is: $later is there, which is later than $version"
    set -- "$version"
    break
  done
  for tag in "$@"; do
    docker buildx imagetools create --prefer-index=false --tag "$image:$tag" "$image@$digest"
  done
  digests="$digests$name=$image@$digest "
done
