#!/bin/sh
# The steps of docs/workerd.md in one go: bundle, unpack, key, serve. Arguments are workerd's.
set -eu

files=../../worker/workerd
fogbank=${FOGBANK_URL:-http://127.0.0.1:8686}
address=${fogbank#http://}
address=${address%/}
case $address in
  https://*) echo "For $fogbank write your own config: config.capnp tells how" >&2; exit 1 ;;
  */*) echo "FOGBANK_URL is $fogbank, not an address such as http://127.0.0.1:8686" >&2; exit 1 ;;
esac

rm -rf build
npx wrangler deploy --dry-run --outfile build/worker.bundle
node "$files/unpack.cjs" build/worker.bundle build/bundle

mkdir -m 0700 build/secrets
printf %s "${FOGBANK_KEY:+Bearer $FOGBANK_KEY}" > build/secrets/authorization

echo "The Worker is on http://127.0.0.1:8787 (elsewhere: --socket-addr=http=HOST:PORT)"
exec "$(node -p 'require("workerd").default')" serve -I build/bundle -I build/secrets \
  --external-addr="fogbank=$address" "$files/config.capnp" "$@"
