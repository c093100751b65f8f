#!/bin/sh
# Installs a release of dockopt: downloads it, and compares it with its SHA-256 before anything of it runs.
#   DOCKOPT_VERSION     the release [default: the newest one]
#   DOCKOPT_FOLDER      where the program goes [default: ~/.local/bin]
#   DOCKOPT_DOWNLOADS   where releases are [default: those of the repository]; file: works as well
set -eu

fail() { echo "error: $1" >&2; exit 2; }

# A download that ends early runs nothing.
main() {
  releases=https://github.com/dockopt/dockopt/releases
  version=${DOCKOPT_VERSION:-}
  if [ -z "$version" ]; then
    # The address of the newest release ends with its tag.
    version=$(curl --proto =https -fsSLI -o /dev/null -w '%{url_effective}' "$releases/latest") || fail "cannot read $releases/latest"
    version=${version##*/v}
  fi
  case $version in *[!0-9.]* | '') fail "\`$version\` is no release such as 0.1.0" ;; esac
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    *) fail "no release for $(uname -s) on $(uname -m): compile it with \`cargo install dockopt\`" ;;
  esac

  name=dockopt-v$version-$target
  from=${DOCKOPT_DOWNLOADS:-$releases/download}/v$version
  folder=${DOCKOPT_FOLDER:-$HOME/.local/bin}
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  for file in "$name.tar.gz" SHA256SUMS; do
    curl --proto =https,file --proto-redir =https --fail --silent --show-error --location --retry 3 --output "$work/$file" "$from/$file" || fail "cannot download $from/$file"
  done
  grep -F "  $name.tar.gz" "$work/SHA256SUMS" >"$work/sum" || fail "SHA256SUMS has no line for $name.tar.gz"
  if command -v sha256sum >/dev/null; then check='sha256sum -c'; else check='shasum -a 256 -c'; fi
  (cd "$work" && $check sum >/dev/null 2>&1) || fail "$name.tar.gz does not have the recorded SHA-256"
  tar -xzf "$work/$name.tar.gz" -C "$work"
  mkdir -p "$folder"
  # Renamed in its folder: a program that runs meanwhile stays whole.
  cp "$work/$name/dockopt" "$folder/.dockopt.new"
  mv "$folder/.dockopt.new" "$folder/dockopt"
  "$folder/dockopt" --version
  case :$PATH: in *:"$folder":*) ;; *) echo "note: $folder is not in PATH" >&2 ;; esac
}

main
