#!/bin/bash
# Installs the editors that the end-to-end tests drive, and gopls beside them,
# into a folder of your choice, and there only what is missing. The tests look
# in the same folder: $HANDSHAKE_E2E_DIR, or handshake-e2e in the user's cache
# folder.
#
#   editors/e2e/install.sh [DIR]
#
# Neovim, Helix, Emacs and Vim come from other suites of Debian. Made for
# Debian 12. Missing helper programs (patchelf, tmux) and Chromium come from apt,
# which takes root; everything else stays in the folder.
set -euo pipefail

DIR=${1:-${HANDSHAKE_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/handshake-e2e}}
GOPLS=v0.23.0   # the last one that Go 1.26 builds
SUITE=forky     # the Debian suite with Neovim 0.12, Helix 25.07, Emacs 30 and Vim 9.2
OLD_SUITE=trixie # the one with Neovim 0.10
mkdir -p "$DIR/bin"
DIR=$(cd "$DIR" && pwd)

missing=()
for program in patchelf tmux chromium; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]})); then
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
fi

# unpack SUITE ROOT PACKAGE... unpacks packages of another Debian suite with all
# that they depend on, libc included, into ROOT. Nothing of the system changes:
# apt works on its own lists and believes that nothing is installed.
unpack() {
  local suite=$1 root=$2 apt=$DIR/.apt mirror
  shift 2
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
  apt-get "${options[@]}" install -y --download-only "$@"
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

# works PROGRAM... reports whether all these are there and run.
works() {
  local program
  for program in "$@"; do
    "$DIR/bin/$program" --version >/dev/null 2>&1 || return 1
  done
}

# wrap NAME COMMAND [VARIABLE=VALUE...] makes DIR/bin/NAME, which runs a command
# of the shell with these variables.
wrap() {
  local name=$1 command=$2 variable
  shift 2
  {
    echo '#!/bin/sh'
    for variable in "$@"; do printf "export %s='%s'\n" "${variable%%=*}" "${variable#*=}"; done
    echo "exec $command \"\$@\""
  } >"$DIR/bin/$name"
  chmod +x "$DIR/bin/$name"
}

# neovim NAME SUITE installs a Neovim as DIR/bin/NAME.
neovim() {
  local name=$1 suite=$2 root=$DIR/$1
  if works "$name"; then return; fi
  echo "installing $name"
  unpack "$suite" "$root" neovim
  relink "$root/usr/bin/nvim" "$root"
  wrap "$name" "'$root/usr/bin/nvim'" "VIMRUNTIME=$root/usr/share/nvim/runtime" \
    "LUA_PATH=$root/usr/share/lua/5.1/?.lua;;" \
    "LUA_CPATH=$root/usr/lib/$(uname -m)-linux-gnu/lua/5.1/?.so;;"
}

neovim nvim "$SUITE"
neovim nvim-0.10 "$OLD_SUITE"

if ! works hx; then
  echo "installing helix"
  root=$DIR/helix
  unpack "$SUITE" "$root" hx
  relink "$root/usr/lib/hx/hx" "$root"
  wrap hx "'$root/usr/lib/hx/hx'" "HELIX_RUNTIME=$root/usr/lib/hx/runtime"
fi

if ! works emacs; then
  echo "installing emacs"
  root=$DIR/emacs
  unpack "$SUITE" "$root" emacs-nox elpa-go-mode elpa-lsp-mode elpa-yasnippet
  relink "$root/usr/bin/emacs-nox" "$root"
  version=$(basename "$root"/usr/share/emacs/[0-9]*)
  share=$root/usr/share/emacs
  exec=$(echo "$root"/usr/libexec/emacs/"$version"/*)
  path=$(find "$share/site-lisp" "$share/$version/lisp" -type d -printf '%p:')
  wrap emacs "'$root/usr/bin/emacs-nox' '--dump-file=$(echo "$exec"/emacs-*.pdmp)'" "EMACSLOADPATH=${path%:}" \
    "EMACSDATA=$share/$version/etc" "EMACSDOC=$share/$version/etc" "EMACSPATH=$exec"
  # Compiling to native code takes a C compiler where it expects one.
  echo '(setq native-comp-jit-compilation nil native-comp-enable-subr-trampolines nil)' >"$share/site-lisp/site-start.el"
  # Debian compiles packages when they are installed; lsp-mode is slow without.
  # A few files lack what they only need for other packages.
  "$DIR/bin/emacs" -q --batch --eval "(byte-recompile-directory \"$share/site-lisp/elpa-src\" 0)" >/dev/null 2>&1
fi

if ! works vim; then
  echo "installing vim"
  root=$DIR/vim
  unpack "$SUITE" "$root" vim vim-ale
  relink "$root/usr/bin/vim.basic" "$root"
  wrap vim "'$root/usr/bin/vim.basic'" "VIM=$root/usr/share/vim" "VIMRUNTIME=$(echo "$root"/usr/share/vim/vim[0-9]*)" \
    "VIM_ALE=$root/usr/share/vim-ale"
fi

if [[ $("$DIR/bin/gopls" version 2>/dev/null) != *"$GOPLS"* ]]; then
  echo "installing gopls $GOPLS"
  GOBIN=$DIR/bin GOFLAGS= go install "golang.org/x/tools/gopls@$GOPLS"
fi

for program in nvim nvim-0.10 hx emacs vim; do
  "$DIR/bin/$program" --version | sed -n 1p
done
"$DIR/bin/gopls" version
"$(dirname "$0")/install-vscode.sh" "$DIR"
