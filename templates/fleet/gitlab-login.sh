# DOCKER_AUTH_CONFIG: as GitLab's runners have it, the text of a config.json of docker.
if [ -n "${DOCKER_AUTH_CONFIG:-}" ]; then
  DOCKER_CONFIG=$(mktemp -d)
  export DOCKER_CONFIG
  printf %s "$DOCKER_AUTH_CONFIG" >"$DOCKER_CONFIG/config.json"
fi
