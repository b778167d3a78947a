#!/bin/bash
# Installs the editors that the end-to-end tests drive, and gopls beside them,
# into a folder of your choice, and there only what is missing. The tests look
# in the same folder: $HANDSHAKE_E2E_DIR, or handshake-e2e in the user's cache
# folder.
#
#   editors/e2e/install.sh [DIR]
#
# Made for Debian 12. Missing helper programs (patchelf, tmux) come from apt,
# which takes root; everything else stays in the folder.
set -euo pipefail

DIR=${1:-${HANDSHAKE_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/handshake-e2e}}
GOPLS=v0.23.0   # the last one that Go 1.26 builds
NVIM_SUITE=forky # the Debian suite that carries Neovim 0.12
mkdir -p "$DIR/bin"
DIR=$(cd "$DIR" && pwd)

missing=()
for program in patchelf tmux; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]})); then
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
fi

# unpack SUITE PACKAGE ROOT unpacks a package of another Debian suite with all
# that it depends on, libc included, into ROOT. Nothing of the system changes:
# apt works on its own lists and believes that nothing is installed.
unpack() {
  local suite=$1 package=$2 root=$3 apt=$DIR/.apt mirror
  mirror=$(cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null |
    sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p' | sed -n 1p) || true
  rm -rf "$apt" "$root"
  mkdir -p "$apt"/{lists/partial,cache/archives/partial,empty} "$root"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:?no apt source found} $suite main" >"$apt/sources.list"
  : >"$apt/status"
  local options=(
    -q -o APT::Sandbox::User=root -o APT::Install-Recommends=false
    -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false
    -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/empty"
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts="$apt/empty"
    -o Dir::State::Lists="$apt/lists" -o Dir::State::status="$apt/status"
    -o Dir::State::extended_states="$apt/extended" -o Dir::Cache="$apt/cache"
  )
  apt-get "${options[@]}" update
  apt-get "${options[@]}" install -y --download-only "$package"
  local deb
  for deb in "$apt"/cache/archives/*.deb; do
    dpkg-deb --extract "$deb" "$root"
  done
  rm -rf "$apt"
}

# relink PROGRAM ROOT makes an unpacked program use the loader and the
# libraries that came with it instead of the system's older ones.
relink() {
  local program=$1 root=$2 loader libraries
  libraries=$root/usr/lib/$(uname -m)-linux-gnu
  loader=$(find "$root" -name 'ld-linux*.so*' -print -quit)
  patchelf --set-interpreter "${loader:?}" --force-rpath --set-rpath "$libraries" "$program"
}

if ! "$DIR/bin/nvim" --version >/dev/null 2>&1; then
  echo "installing neovim"
  root=$DIR/nvim
  unpack "$NVIM_SUITE" neovim "$root"
  relink "$root/usr/bin/nvim" "$root"
  cat >"$DIR/bin/nvim" <<END
#!/bin/sh
export VIMRUNTIME='$root/usr/share/nvim/runtime'
export LUA_PATH='$root/usr/share/lua/5.1/?.lua;;'
export LUA_CPATH='$root/usr/lib/$(uname -m)-linux-gnu/lua/5.1/?.so;;'
exec '$root/usr/bin/nvim' "\$@"
END
  chmod +x "$DIR/bin/nvim"
fi

if [[ $("$DIR/bin/gopls" version 2>/dev/null) != *"$GOPLS"* ]]; then
  echo "installing gopls $GOPLS"
  GOBIN=$DIR/bin GOFLAGS= go install "golang.org/x/tools/gopls@$GOPLS"
fi

"$DIR/bin/nvim" --version | sed -n 1p
"$DIR/bin/gopls" version
