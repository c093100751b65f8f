script=$(
  cat <<'END'
set -eu
cd "$1" && command=$2 && shift 2
serving() { sed -n 's/^# in service: //p' "@folder@/$1.yaml" 2>/dev/null || :; }
back() { for service in $replaced; do sh @script@ rollback "$service" </dev/null || :; done; }
if [ "$command" = back ]; then replaced=$* && back && exit; fi
replaced=''
for pair in "$@"; do
  service=${pair%%=*} migrate=''
  @migrate@
  before=$(serving "$service")
  sh @script@ --image "${pair#*=}" ${migrate:+--migrate "$migrate"} "$service" </dev/null || { back; exit 1; }
  [ "$(serving "$service")" = "$before" ] || replaced="$service $replaced"
done
echo "replaced: $replaced"
END
)
set --
for pair in $DIGESTS; do
  for known in $DEPLOYS; do
    [ "${known%%=*}" != "${pair%%=*}" ] || set -- "$@" "${known#*=}=${pair#*=}"
  done
done
output=$(mktemp)
printf '%s\n' "$script" | on_host deploy "$@" | tee "$output"
grep -q '^replaced: ' "$output"
if [ -z "$SMOKE" ]; then
  echo 'no SMOKE_COMMAND: the health checks of the new containers are all that was asked'
elif ! sh -c "$SMOKE"; then
  echo 'the smoke test failed: back to the version before' >&2
  printf '%s\n' "$script" | on_host back $(sed -n 's/^replaced: //p' "$output")
  exit 1
fi
