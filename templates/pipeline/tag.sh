images=$(printf %s "$IMAGES" | tr '[:upper:]' '[:lower:]')
for file in keys/*; do
  image=$images/${file#keys/} key=$(cat "$file")
  set --
  for platform in $PLATFORMS; do
    set -- "$@" "$image:inputs-$key-$(printf %s "${platform#*/}" | tr / -)"
  done
  docker buildx imagetools create --prefer-index=false --tag "$image:$COMMIT" "$@"
done
