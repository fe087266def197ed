#!/bin/sh
# Registers the namespace and what calls can be searched by. Run again, it does no harm.
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where; RETENTION how long a closed call is kept.
set -eu

ATTRIBUTES="
  AccountId=Keyword
  AgentId=Keyword
  Direction=Keyword
  CallStatus=Keyword
  EndReason=Keyword
  AnsweredAt=Datetime
  TalkSeconds=Int
"

# A new server, and a new namespace, take some seconds until every part of Temporal knows of them.
until_it_works() {
  tries=30
  until "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || exit 1
    sleep 2
  done
}

until_it_works temporal operator cluster health

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "${RETENTION:-7d}"

for attribute in $ATTRIBUTES; do
  until_it_works temporal operator search-attribute create --name "${attribute%=*}" --type "${attribute#*=}"
done

# Calls are refused that carry an attribute the server has not heard of yet.
for attribute in $ATTRIBUTES; do
  until_it_works temporal workflow count --query "${attribute%=*} IS NULL"
done
