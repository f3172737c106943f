#!/bin/sh
# Makes a virtual environment with the newest Python >= 3.11 at hand; on a bare Debian or Ubuntu also the venv package.
set -eu
target=$1

for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "perfgate needs Python 3.11 or newer; none was found as python3 or python3.11 to python3.14." >&2
    exit 1
fi

if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    package=$("$python" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")')
    echo "Debian keeps venv apart from Python: installing $package."
    if [ "$(id -u)" = 0 ]; then as_root=; else as_root=sudo; fi
    $as_root apt-get update -q
    $as_root apt-get install -q -y --no-install-recommends "$package"
fi
rm -rf "$target"
"$python" -m venv "$target"
