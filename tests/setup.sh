# shellcheck shell=bash
# Sourced by tests/run and examples/quickstart: the Debian packages and the build.

panther_packages=(gcc libc6-dev cmake ninja-build pkg-config flex bison
                  libcyaml-dev libcjson-dev zlib1g-dev uthash-dev libcmocka-dev
                  libprotobuf-c-dev protobuf-c-compiler libonnx-dev)

# Installs what is missing, as root or through sudo; does nothing where everything is there.
install_packages()
{
    local package missing=()
    for package in "${panther_packages[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "installing ${missing[*]}"
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "these packages are missing, and neither root nor sudo is at hand: ${missing[*]}" >&2
            return 1
        }
        root=(sudo)
    fi
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq
                   --no-install-recommends "${missing[@]}")
    "${root[@]}" "${install[@]}" >/dev/null 2>&1 && return 0
    "${root[@]}" apt-get update -qq
    "${root[@]}" "${install[@]}" >/dev/null
}

# build_preset PRESET [TARGET...]: configures and builds in build/PRESET; quiet unless it fails.
build_preset()
{
    local preset=$1 log targets=()
    shift
    [ $# -eq 0 ] || targets=(--target "$@")
    log=$(mktemp)
    if ! { cmake --preset "$preset" && cmake --build --preset "$preset" "${targets[@]}"; } \
        >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
