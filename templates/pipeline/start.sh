project=started-$NAME
if [ -n "$SERVICES" ]; then # with what it needs of the compose file
  started=$(mktemp)
  echo services: >"$started"
  for service in $SERVICES; do
    case " $UNMOUNTED " in *" $service "*) volumes=', volumes: !reset []' ;; *) volumes='' ;; esac
    printf '  "%s": {image: "%s", build: !reset null, pull_policy: never%s}\n' "$service" "$tag" "$volumes" >>"$started"
  done
  compose() { docker compose --project-name "$project" $(printf ' --file %s' $COMPOSE) --file "$started" "$@"; }
  end() { compose down --volumes --timeout 5 >/dev/null 2>&1; }
  trap end EXIT
  [ -z "$NEEDS" ] || compose up --detach $NEEDS || { compose logs --tail 20 >&2; exit 1; }
  compose up --detach $SERVICES || { compose logs --tail 20 >&2; exit 1; }
  containers=$(compose ps --all --quiet $SERVICES)
else
  end() { docker rm --force --volumes "$project" >/dev/null 2>&1; }
  trap end EXIT
  containers=$(docker run --detach --name "$project" "$tag")
fi
for container in $containers; do
  name=$(docker inspect --format '{{.Name}}' "$container")
  unchecked='unchecked {{.State.ExitCode}} {{.RestartCount}}'
  health="{{if .State.Health}}{{.State.Health.Status}}{{else}}$unchecked{{end}}"
@unchecked@
  for second in $(seq "$SECONDS_TO_START"); do
    state=$(docker inspect --format "{{.State.Status}} $health" "$container")
    case $state in
      'running healthy') break ;;
      *unhealthy | exited\ [!u]* | dead* | restarting* | 'exited unchecked '[1-9]*) break ;;
      'exited unchecked 0 0') break ;; # it does its work and ends
      'running unchecked 0 0') [ "$second" -lt 10 ] || break ;;
    esac
    sleep 1
  done
  if [ "$state" = 'exited unchecked 0 0' ]; then # what serves does not end, unless its service runs another command
    words='{{json .Config.Entrypoint}}{{json .Config.Cmd}}' image=$(docker inspect --format '{{.Image}}' "$container")
    ports=$(docker image inspect --format '{{range $port, $_ := .Config.ExposedPorts}}{{$port}} {{end}}' "$image")
    [ -z "$ports" ] || [ "$(docker inspect --format "$words" "$container")" != "$(docker image inspect --format "$words" "$image")" ] ||
      state="it ended, and its image serves $ports"
  fi
  case $state in
    'running healthy' | 'exited unchecked 0 0') echo "$name: $state" ;;
    'running unchecked 0 0') echo "$name ran for 10 seconds; it has no health check that can fail, so nothing more is known: dockopt compose emit" ;;
    *)
      echo "$name did not start: $state" >&2
      docker inspect --format '{{if .State.Health}}{{range .State.Health.Log}}{{.Output}}{{end}}{{end}}' "$container" | tail -n 5 >&2
      docker logs --tail 50 "$container" >&2
      exit 1
      ;;
  esac
done
