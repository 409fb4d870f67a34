#!/usr/bin/env bash
# Exits with 0 if a registry answers a request in plain http as servers with TLS do: with 400 or an alert. Any other answer, or
# none, is left to the programs that explain it, and the exit code is 1.
#
#   serves-tls.sh HOST[:PORT]
host=$1 port=80 first='' rest=''
case $1 in *:[0-9]*) port=${1##*:} host=${1%:*} ;; esac
host=${host#[} host=${host%]}
exec 2> /dev/null
# The registry may end the connection before it has read everything.
trap '' PIPE
exec 3<> "/dev/tcp/$host/$port" || exit 1
printf 'GET /v2/ HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" >&3
IFS= read -r -t 5 first <&3
IFS= read -r -d '' -t 1 rest <&3
case $first$rest in $'\x15\x03'* | HTTP/*' 400 '*HTTPS*) exit 0 ;; esac
exit 1
