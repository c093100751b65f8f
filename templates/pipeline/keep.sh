mkdir -p keys && echo "$key" >"keys/$NAME"
