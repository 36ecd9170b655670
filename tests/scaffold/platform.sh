# What asks a platform over HTTP, for the scripts beside it: sourced after `set -euo pipefail`, with $work, a folder.

# begin BINARY: starts it on free ports with its data in $work; its URL is in $url, its process in $platform.
platform= url=
begin() {
  "$1" --listen 127.0.0.1:0 --registry-listen 127.0.0.1:0 --data-dir "$work/data" >"$work/said" 2>"$work/log" &
  platform=$!
  for _ in $(seq 300); do
    url=$(sed -n 's/^ *gateway *\(http[^ ]*\).*/\1/p' "$work/said")
    [ -z "$url" ] || return 0
    kill -0 "$platform" || { cat "$work/log" >&2; return 1; }
    sleep 0.2
  done
  echo "expected a platform within 60 s, found none" >&2
  cat "$work/log" >&2
  return 1
}
end() { if [ -n "$platform" ]; then kill "$platform" 2>/dev/null || true; wait "$platform" 2>/dev/null || true; fi; platform=; }

# ask EXPECTED METHOD PATH [BODY]: the answer's body is in $answer, its cursor is sent along from then on.
cursor=
ask() {
  local expected=$1 method=$2 path=$3 body=${4:-}
  local flags=(-sS --max-time 30 -X "$method" -H 'Prefer: wait=10' -D "$work/head" -o "$work/body" -w '%{http_code}')
  [ -z "$body" ] || flags+=(-H 'Content-Type: application/json' --data "$body")
  [ "$method" != GET ] || [ -z "$cursor" ] || flags+=(-H "Consistent-With: $cursor")
  local status
  status=$(curl "${flags[@]}" "$url$path")
  answer=$(cat "$work/body")
  cursor=$(sed -n 's/^charter-cursor: *\([^[:space:]]*\).*/\1/Ip' "$work/head")
  [ "$status" = "$expected" ] || { echo "$method $path: expected $expected, found $status: $answer" >&2; exit 1; }
}
holds() { [[ $answer == *"$1"* ]] || { echo "expected $1, found: $answer" >&2; exit 1; }; }
