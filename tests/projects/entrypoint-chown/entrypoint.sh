#!/bin/sh
set -e
mkdir -p /data
chown -R nobody:nogroup /data
exec "$@"
