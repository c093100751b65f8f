# The tag follows from the files that the image is made of: what is there already is not built again. Which those are was read from
# the Dockerfile and what stands beside it. Where that has changed since, or a path has become a link, all of the context counts.
defined=$(for file in "$FILE" "$FILE.dockerignore" "$CONTEXT/.dockerignore" .gitmodules; do
  [ ! -f "$file" ] || { printf '%s\n' "$file" && cat "$file" && echo; }
done | tr -d '\r' | sha256sum | cut -c 1-16)
links=$(git ls-files --stage -- "$CONTEXT" | awk -F '\t' '/^120000/ { print ":(glob)" $2 }')
if [ "$defined" != "$DEFINED" ] || { [ -n "$links" ] && printf '%s\n' "$INPUTS" | grep -qF "$links"; }; then
  echo "the list of what $FILE takes is out of date: a change of any file of $CONTEXT builds; run dockopt ci emit again"
  # The context may lie in a submodule.
  INPUTS=$(printf '%s\n' ":(literal)$CONTEXT" && git ls-files --stage | awk -F '\t' '/^160000/ { print ":(literal)" $2 }')
  case $OPTIONS in *--build-context*) INPUTS=':(glob)**' ;; esac
fi
files=$(printf '%s\n' "$INPUTS" | sed '/^$/d' | tr '\n' '\0' | xargs -0 git ls-files --stage --)
key=$(printf '%s\n' "$files" "$defined" "$FILE" "$CONTEXT" "$OPTIONS" | sha256sum | cut -c 1-16)
platform=$(printf %s "${PLATFORM#*/}" | tr / -)
image=$(printf %s "$IMAGES" | tr '[:upper:]' '[:lower:]')/$NAME
tag=$image:inputs-$key-$platform cache=$image/cache:$platform
if docker buildx imagetools inspect "$tag" >/dev/null 2>&1; then known=yes; else known=no; fi
echo "$tag is there: $known"
