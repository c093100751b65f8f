set -- --file "$FILE" --platform "$PLATFORM" --load --tag "$tag" --cache-from "type=registry,ref=$cache"
while IFS= read -r option; do
  [ -z "$option" ] || set -- "$@" "$option"
done <<END
$OPTIONS
END
[ "$PUSH" != true ] || set -- "$@" --cache-to "type=registry,ref=$cache,mode=max,ignore-error=true"
docker buildx build "$@" "$CONTEXT"
