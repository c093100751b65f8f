  # A check that cannot fail proves nothing.
  service=$NAME
  [ -z "$SERVICES" ] || service=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}}' "$container")
  case " ${UNCHECKED:-} " in *" $service "*) health=$unchecked ;; esac
