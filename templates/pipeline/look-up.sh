# The tag follows from the files that the image is made of: what is there already is not built again.
files=$(git ls-files --stage -- "$FILE" "$FILE.dockerignore" "$CONTEXT/.dockerignore" && printf '%s\n' "$INPUTS" | sed '/^$/d' | tr '\n' '\0' | xargs -0 git ls-files --stage --)
key=$(printf '%s\n' "$files" "$FILE" "$CONTEXT" "$OPTIONS" | sha256sum | cut -c 1-16)
platform=$(printf %s "${PLATFORM#*/}" | tr / -)
image=$(printf %s "$IMAGES" | tr '[:upper:]' '[:lower:]')/$NAME
tag=$image:inputs-$key-$platform cache=$image/cache:$platform
if docker buildx imagetools inspect "$tag" >/dev/null 2>&1; then known=yes; else known=no; fi
echo "$tag is there: $known"
