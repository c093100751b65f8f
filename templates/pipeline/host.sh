on_host() { sh -s -- "$FOLDER" "$@"; }
