[ -z "$NOTIFY" ] || sh -c "$NOTIFY" # it gets RESULT
