# shellcheck shell=bash disable=SC2154 # mirror.sh sets the variables
# What a terminal shows while an image is copied, and after it. Without a terminal nothing is added. Sourced by images/mirror.sh.

# Redraws one line each second: bytes and speed of the running skopeo, and the time left. Linux counts the bytes that a process
# reads (proc(5), rchar); elsewhere the line has only the time.
show_progress() {
  local width pid bytes passed rate begin=$SECONDS
  width=$(stty size < /dev/tty 2> /dev/null | cut -d ' ' -f 2)
  while sleep 1 && kill -0 $$ 2> /dev/null && test -d "$scratch"; do
    passed=$((SECONDS - begin))
    pid=$(cat "$scratch/pid" 2> /dev/null)
    bytes=$(awk '/^rchar/ {print $2}' "/proc/${pid:-none}/io" 2> /dev/null)
    rate=
    test -z "$bytes" || rate="$(human "$bytes"), $(human $((bytes / (passed > 0 ? passed : 1))))/s, "
    printf '\r\033[K%s' "$(printf '%s: %s%s%s' "$where" "$rate" "$(duration "$passed")" "$(time_left)" | cut -c "1-$((${width:-80} - 1))")"
  done
}

# Calls a function with its arguments while the line is drawn, and removes the line.
with_progress() { # FUNCTION ARGUMENT...
  local status watcher
  test -n "$terminal" || { "$@"; return; }
  show_progress &
  watcher=$!
  "$@"
  status=$?
  kill "$watcher" 2> /dev/null
  wait "$watcher" 2> /dev/null
  clear_line
  return $status
}

clear_line() {
  test -z "$terminal" || printf '\r\033[K'
}

duration() { # SECONDS
  awk -v s="$1" 'BEGIN {if (s < 100) print s " s"; else if (s < 6000) printf "%.0f min\n", s / 60; else printf "%.1f h\n", s / 3600}'
}

# Prints how long the other images take, if they take as long as those that were copied.
time_left() {
  test -f "$scratch/seconds" || return 0
  local left
  left=$(awk -v images=$((total - number)) '{sum += $1} END {printf "%.0f\n", sum / NR * images}' "$scratch/seconds")
  test "$number" = "$total" || echo "; about $(duration "$left") left"
}

# Prints what is added to the line of an image that was copied: size, time, speed, time left. The reference is where its size can
# be asked for; without it, $scratch/descriptors has the size.
pace() { # [REFERENCE]
  test -n "$terminal" || return 0
  local bytes passed=$((SECONDS - started))
  test -z "${1:-}" || { digest "$1"; describe "$1"; }
  echo "$passed" >> "$scratch/seconds"
  bytes=$(sort -u "$scratch/descriptors" | awk '{sum += $2} END {printf "%.0f\n", sum}')
  echo ", $(human "$bytes") in $(duration "$passed"), $(human $((bytes / (passed > 0 ? passed : 1))))/s$(time_left)"
}
