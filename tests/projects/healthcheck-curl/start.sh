#!/bin/sh
set -e
# Tells who calls
git --version
exec uvicorn main:app --host 0.0.0.0 --port "${PORT:-8080}"
