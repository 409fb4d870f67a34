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
# As a whole: bash would write it line by line, and a registry that closes after the first one resets the connection.
printf 'GET /v2/ HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" | cat >&3
IFS= read -r -t 5 -n 1 first <&3 || exit 1
# read forgets what it has when the connection is reset.
rest=$(dd bs=1024 count=1 <&3)
case $first$rest in $'\x15\x03'* | HTTP/*' 400 '*HTTPS*) exit 0 ;; esac
exit 1
