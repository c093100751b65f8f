# For the report of dockopt: the size and the layers of the image, and the times of its build where it was built.
[ "$PLATFORM" = "$MEASURED" ] || exit 0
work=$(mktemp -d) program=$DOCKOPT_VERSION
if [ ! -f "$program" ]; then
  name=dockopt-v$DOCKOPT_VERSION-$(uname -m)-unknown-linux-musl
  from=${DOCKOPT_DOWNLOADS:-https://github.com/dockopt/dockopt/releases/download}/v$DOCKOPT_VERSION
  wget -q -P "$work" "$from/$name.tar.gz" "$from/SHA256SUMS"
  (cd "$work" && grep -F "  $name.tar.gz" SHA256SUMS >sum && sha256sum -c sum && tar -xzf "$name.tar.gz")
  program=$work/$name/dockopt
fi
docker image inspect "$tag" >/dev/null 2>&1 || docker pull --quiet "$tag"
image=dockopt-report/$NAME # tags differ between commits, and images are compared by their names
docker tag "$tag" "$image"
set -- --file "$FILE"
while IFS= read -r option && IFS= read -r value; do
  [ "$option" = --build-context ] || set -- "$@" "$option" "$value"
done <<END
$OPTIONS
END
results=dockopt-results && mkdir -p "$results"
if [ "$known" = no ]; then
  "$program" cache explain "${RUNNER_TEMP:-/tmp}/build.log" "$CONTEXT" "$@" --format json --output "$results/cache-$NAME.json" </dev/null
fi
# A limit on growth is unknown here, where no baseline is read: the report judges it. What was not read at all fails.
"$program" image "$image" --context "$CONTEXT" "$@" --format json --fail-on none --output "$results/image-$NAME.json" </dev/null ||
  grep -q '"ref": ' "$results/image-$NAME.json"
