#!/bin/sh
# Replaces containers of this project without a lost request. Needs Docker with Compose 2.24 or newer. Written by dockopt.
#   sh @folder@/deploy.sh [OPTIONS] [rollback] [SERVICE]  starts the new (or the last) version next to the old one, switches, removes the old one
#   sh @folder@/deploy.sh edge | remove                   starts HAProxy again | the project without HAProxy; both lose requests
# OPTIONS: --image IMAGE  --migrate COMMAND  --smoke COMMAND  --strategy rolling|blue-green|canary  --watch SECONDS
#          --errors PERCENT  --milliseconds N  --notify COMMAND (which gets RESULT)
# shellcheck disable=SC2005,SC2015,SC2046,SC2086,SC2116 # names have no blanks
set -eu
cd "$(dirname "$0")/@up@"
# What the compose files say; `start` and `drain`: the seconds that a container gets to become healthy, and its requests to end.
facts='service group port count start drain image
@facts@'
first='@first@' strategy='@strategy@' edge_image='@edge_image@'
compose() { docker compose @files@ "$@"; }
say() { echo "$(date -u +%H:%M:%S) $*"; }
usage() { sed -n 3,6p @folder@/deploy.sh >&2; exit 2; }
clock() { cut -d ' ' -f 1 /proc/uptime 2>/dev/null || date +%s; } # in seconds; does not go back where Linux is
between() { LC_ALL=C awk -v from="$1" -v to="$2" 'BEGIN { printf "%.2f", (to > from ? to - from : 0) }'; }
enter() { now=$(clock); steps="$steps${steps:+,}\"$step\":$(between "$at" "$now")"; step=$1 at=$now; } # enter STEP: the one before has ended
line() { LC_ALL=C tr '\n\t' '  ' | LC_ALL=C tr -cd ' !#-[]-~' | tail -c 300; } # what a string of JSON can have
finish() { # finish CODE RESULT: adds a line to the record: names and numbers, no value of a variable
  say "$2"; enter ''
  printf '{"version":2,"time":"%s","service":"%s","command":"%s","strategy":"%s","from":"%s","to":"%s","from_id":"%s","to_id":"%s","image":"%s","containers":"%s","old_containers":"%s","seconds":%s,"steps":{%s},"watched":[%s],"limits":{"watch":%s,"errors":%s,"milliseconds":%s},"probe":"%s","exit":%s,"result":"%s"}\n' \
    "$(date -u +%FT%TZ)" "$first" "$command" "$strategy" "$old_image" "$new_image" "$old_id" "$id" "$(printf %s "$wanted" | line)" "${new# }" "$old" \
    "$(between "$began" "$at")" "$steps" "$watched" "$watch" "$errors" "$milliseconds" "$probe" "$1" "$2" >>@folder@/record.jsonl
  [ -z "$notify" ] || RESULT=$2 sh -c "$notify" 9>&- || say 'the command of --notify failed'
  exit "$1"
}
fact() { echo "$facts" | awk -v name="$1" -v service="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } $1 == service { print $at[name] }'; }
services() { echo "$facts" | awk -v group="$first" '$2 == group { print $1 }'; }
routed() { echo "$facts" | awk -v group="$first" '$2 == group && $3 != "-" { print $1 }'; }
listed() { docker ps -a --format '{{.Names}}' --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.oneoff=False "$@"; }
containers() { listed --filter "label=com.docker.compose.service=$1"; }                                # containers SERVICE
among() { for c in $(containers "$1"); do case " $2 " in *" $c "*) echo "$c" ;; esac; done; }        # among SERVICE NAMES: those of its containers
others() { for c in $(containers "$1"); do case " $2 " in *" $c "*) ;; *) echo "$c" ;; esac; done; } # others SERVICE NAMES: all but those
inspect() { docker inspect -f "{{$1}}" "$2"; }                                                       # inspect FACT CONTAINER
image_of() { docker compose @author_files@ config | awk -v key="  $1:" -v image="$project-$1" '/^  [^ ]/ { here = $0 == key } here && /^    image: / { image = $2; here = 0 } END { print image }'; } # image_of SERVICE
serving() { sed -n 's/^# in service: //p' "@folder@/$first.yaml"; }
pin() { # pin IMAGE BEFORE CONTAINERS: what a plain `docker compose up -d` starts, and which containers get requests
  printf '# Written by deploy.sh.\n# before: %s\n# in service: %s\nservices:\n' "$2" "$3"
  for s in $(services); do printf "  %s:\n    image: '%s'\n    pull_policy: never\n" "$s" "${1:-$(inspect .Config.Image "$(containers "$s" | head -n 1)")}"; done
}
edge() { docker exec "$project-@edge@-1" bash /usr/local/etc/haproxy/servers "$@"; }   # @folder@/edge/servers tells what its commands do
share() { for s in $(routed); do edge share "$s" "$1" $(among "$s" "$2") || return 1; done; } # share PERCENT CONTAINERS
join() { [ "$(fact port "$1")" = - ] || edge join "$1" "$2" $(containers "$1"); } # join SERVICE CONTAINER
total() { sum=0; for s in $(routed); do n=$(edge sum "$s" "$1" $(among "$s" "$new")) && sum=$((sum + n)) || return 1; done; echo "$sum"; } # total COLUMNS
save() { [ -z "$(routed)" ] || { edge configuration >@folder@/haproxy.cfg.new && mv @folder@/haproxy.cfg.new @folder@/edge/haproxy.cfg; }; } # for its restart
settle() { # requests go to the containers in service; all others, the old version or what a killed run left, are drained and removed
  for s in $(services); do good=''
    for c in $(among "$s" "$(serving)"); do join "$s" "$c" && good="$good $c" || say "HAProxy does not reach $c"; done
    [ -z "$good" ] || [ "$(fact port "$s")" = - ] || edge share "$s" 100 $good || return 1
  done
  save || return 1
  for s in $(services); do for c in $(others "$s" "$(serving)"); do
    [ "$(fact port "$s")" = - ] || edge leave "$s" "$c" "$(fact drain "$s")"
    docker stop "$c" >/dev/null && docker rm "$c" >/dev/null || say "$c is not removed"
  done; done
  save
}
undo() { trap '' INT TERM HUP; say "$1: back to the old version"; enter undo; settle || say 'not all is undone: run deploy.sh again'; finish 1 "$1"; }
mask() { # mask CONTAINER: what is read, without the values of its variables and the passwords in them
  variables=$(inspect 'range .Config.Env}}{{println .}}{{end' "$1") LC_ALL=C awk '
    function hide(value) { if (length(value) > (value ~ /^[0-9]+$/ ? 7 : 3)) # a short one is no secret, and a number may be a port
      for (from = 0; (at = index(substr(text, from + 1), value)); from += at) for (i = from + at; i < from + at + length(value); i++) hidden[i] = 1 }
    { text = text $0 "\n" }
    END { sub(/[ \n]+$/, "", text); for (n = split(ENVIRON["variables"], v, "\n"); n; n--) { hide(v[n]); sub(/^[A-Za-z_0-9]*=/, "", v[n]); hide(v[n]); if (sub(/^[^:]*:\/\/[^:]*:/, "", v[n]) && sub(/@[^@]*$/, "", v[n])) hide(v[n]) }
      for (i = 1; i <= length(text); i++) if (!(i in hidden)) printf "%s", substr(text, i, 1); else if (!((i - 1) in hidden)) printf "***"; if (text != "") print "" }'
}
said() { # said CONTAINER: the last words of its check
  n=$(inspect 'len .State.Health.Log' "$1" 2>/dev/null) && [ "$n" -gt 0 ] || return 0
  printf %s "$(inspect "(index .State.Health.Log $((n - 1))).Output" "$1" | mask "$1")" | line
}
healthy() { # healthy CONTAINER SECONDS: else shows what its check and its log say
  for _ in $(seq "$2"); do
    case $(inspect '.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end' "$1") in
      'running healthy' | 'running ') return ;; *unhealthy | exited* | dead* | restarting*) break ;;
    esac
    sleep 1
  done
  probe=$(said "$1"); inspect 'if .State.Health}}{{range .State.Health.Log}}{{.Output}}{{end}}{{end' "$1" | mask "$1" | tail -n 5
  docker logs --tail 5 "$1" 2>&1 | mask "$1"; return 1
}
observe() { # for the seconds of --watch: errors and time of the new version within the limits, its containers healthy
  bad=$(total hrsp_5xx,econ,eresp) && all=$(total stot) && sleep "$watch" || return 1
  now=$(total hrsp_5xx,econ,eresp) && bad=$((now - bad)) && now=$(total stot) && all=$((now - all)) && time=$(total rtime) || return 1
  count=$(for s in $(routed); do among "$s" "$new"; done | wc -l); time=$((time / (count ? count : 1)))
  say "$bad errors of $all requests to the new version, about $time ms"
  [ "$all" -ge 0 ] && [ "$bad" -ge 0 ] || return 1
  watched="$watched${watched:+,}{\"percent\":$percent,\"requests\":$all,\"errors\":$bad,\"milliseconds\":$time}"
  [ $((bad * 100)) -le $((errors * all)) ] && [ "$time" -le "$milliseconds" ] || return 1
  for c in $new; do healthy "$c" 1 || return 1; done
}
image='' migrate='' smoke='' notify='' watch=10 errors=1 milliseconds=60000 command=deploy
new='' old='' old_id='' old_image='' id='' new_image='' stale='' tries=0 began=$(clock) step=settle steps='' watched='' probe=''; at=$began
while [ $# -gt 0 ]; do
  case $1 in
    --image | --migrate | --smoke | --notify | --strategy | --watch | --errors | --milliseconds)
      [ $# -gt 1 ] || usage; eval "${1#--}=\$2"; shift ;;
    rollback | edge | remove) command=$1 ;; -*) usage ;; *) first=$1 ;;
  esac
  shift
done
[ -n "$(services)" ] || usage; case " $watch $errors $milliseconds " in *[!0-9\ ]* | *' 0'[0-9]* | *'  '*) usage ;; esac
wanted=$image part=$((100 / $(fact count "$first"))); case $strategy in canary) shares='5 25 50 100' ;; rolling) shares="$(seq "$part" "$part" 99) 100" ;; blue-green) shares=100 ;; *) usage ;; esac
docker version >/dev/null && project=$(compose config | sed -n 's/^name: "\{0,1\}\([^"]*\).*/\1/p') && [ -n "$project" ] || exit 2
# One deployment at a time: a container that ends with this script, however it ends, as the script holds its standard input.
docker rm "$project-deploy-lock" >/dev/null 2>&1 || :
pipe=$(mktemp -u) && mkfifo -m 600 "$pipe"
hold() { docker run --rm -i --name "$project-deploy-lock" --label "holder=$pipe" --network none --entrypoint cat "$edge_image" <"$pipe" 9>&- >/dev/null 2>&1 & }
hold && exec 9>"$pipe" && trap 'rm -f "$pipe"; exec 9>&-; wait' EXIT
until [ "$(inspect '.State.Running}} {{.Config.Labels.holder' "$project-deploy-lock" 2>/dev/null)" = "true $pipe" ]; do
  kill -0 "$!" 2>/dev/null || { tries=$((tries + 1)) && hold; } # one that was killed is still ending
  [ "$tries" -lt 10 ] || { echo "another deployment is running, or there is no image $edge_image" >&2; exit 2; }
  sleep 1
done
[ "$command" != edge ] || { compose up -d --no-deps --force-recreate '@edge@'; exit; }
[ "$command" != remove ] || { # what is in service gets the names of the author's images, so that it stays
  for s in $(echo "$facts" | awk 'NR > 1 { print $1 }'); do first=$(fact group "$s"); for c in $(among "$s" "$(serving)"); do docker tag "$(inspect .Image "$c")" "$(image_of "$s")" || :; done; done
  docker compose @author_files@ up -d --remove-orphans && say 'delete compose.override.yaml, or docker compose up -d starts HAProxy again'; exit; }
# A run that was killed is finished or undone first: @folder@/SERVICE.yaml says which containers get requests.
all=$(echo $(for s in $(services); do containers "$s"; done)); [ -n "$all" ] || { echo 'nothing to replace: start the project with docker compose up -d' >&2; exit 2; }
for s in $(services); do # `docker compose down` and `up` give other names
  [ -n "$(among "$s" "$(serving)")" ] || { pin '' '' "$all" >@folder@/next.yaml; mv @folder@/next.yaml "@folder@/$first.yaml"; break; }; done
settle || { echo 'HAProxy does not answer: docker compose up -d' >&2; exit 2; }
enter image; old=$(serving)
trap 'undo interrupted' INT TERM HUP
# Each image gets a tag of its own, which keeps it from `docker image prune` (but not from `prune -a`).
old_id=$(inspect .Image "${old%% *}")
old_image=$project-$first:deployed-$(echo "$old_id" | cut -c 8-19)
docker tag "$old_id" "$old_image"
if [ "$command" = rollback ]; then
  image=$(sed -n 's/^# before: //p' "@folder@/$first.yaml"); [ -n "$image" ] || finish 1 'no version came before this one'
elif [ -n "$image" ] || [ "$(fact image "$first")" = pulled ]; then
  [ -n "$image" ] || { image=$(image_of "$first"); stale=1; }
  error=$(docker pull -q "$image" 2>&1 >/dev/null) && stale='' || say "not pulled, the image of this host is taken: $(echo "$error" | tail -n 1)"; case $error in *'no space left'*) finish 1 'the disk is full' ;; esac
else
  image=$project-$first:next
  pin "$image" '' '' >@folder@/next.yaml
  compose -f @folder@/next.yaml build "$first" || finish 1 'the build failed'
fi
id=$(docker image inspect -f '{{.Id}}' "$image") || finish 1 'there is no such image'; [ -z "$stale" ] || [ "$id" != "$old_id" ] || finish 1 'not pulled, and this host has no newer image'
new_image=$project-$first:deployed-$(echo "$id" | cut -c 8-19) && docker tag "$id" "$new_image"
pin "$new_image" '' '' >@folder@/next.yaml && want=0 same=0
for s in $(services); do # nothing to do: as many healthy containers, made of the same
  hash=$(compose -f @folder@/next.yaml config --hash "$s" | cut -d ' ' -f 2) want=$((want + $(fact count "$s")))
  for c in $(among "$s" "$old"); do [ "$(inspect 'index .Config.Labels "com.docker.compose.config-hash"' "$c")" = "$hash" ] && healthy "$c" 1 >/dev/null 2>&1 && same=$((same + 1)); done
done
[ "$same" -lt "$want" ] || finish 0 "$new_image is in service"
enter migrate
[ -z "$migrate" ] || (set -f; compose -f @folder@/next.yaml run --rm -T --no-deps "$first" $migrate) || finish 1 'the migration failed'
enter start; probe=''
for s in $(services); do
  say "starting $s"
  count=$(($(containers "$s" | wc -l) + $(fact count "$s")))
  output=$(compose -f @folder@/next.yaml up -d --no-deps --no-build --no-recreate --scale "$s=$count" "$s" 2>&1) || { echo "$output" | tail -n 5; undo "$s does not start"; }
  for c in $(others "$s" "$old"); do
    new="$new $c"
    healthy "$c" "$(fact start "$s")" || undo "$c is not healthy"
    [ -z "$smoke" ] || [ "$s" != "$first" ] || docker exec "$c" sh -c "$smoke" || undo "--smoke failed in $c"
    join "$s" "$c" || undo "HAProxy does not reach $c"
  done
done
enter switch; for percent in $shares; do
  share "$percent" "$new" || undo 'HAProxy does not switch'; say "$percent % of the requests to the new version"
  observe || undo 'too many errors, too slow, or not healthy'
done
pin "$new_image" "$old_image" "${new# }" >@folder@/next.yaml
enter remove; trap '' INT TERM HUP; mv @folder@/next.yaml "@folder@/$first.yaml"
settle || say 'the old version is not removed: run deploy.sh again'
for image in $(docker images --format '{{.Repository}}:{{.Tag}}' "$project-$first" | grep :deployed- | grep -vx -e "$new_image" -e "$old_image"); do docker rmi "$image" >/dev/null 2>&1 || :; done # rollback goes back by one
finish 0 "$new_image is in service"
