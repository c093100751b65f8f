images=$(printf %s "$IMAGES" | tr '[:upper:]' '[:lower:]')
digest_of() { docker buildx imagetools inspect "$1" 2>/dev/null | awk '$1 == "Digest:" { print $2; exit }'; }
version=${VERSION#v} digests=''
set -- "$version"
case $version in *[!0-9.]*) ;; *.*.*) set -- "$@" "${version%.*}" ;; esac
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
  for tag in "$@"; do
    docker buildx imagetools create --prefer-index=false --tag "$image:$tag" "$image@$digest"
  done
  digests="$digests$name=$image@$digest "
done
