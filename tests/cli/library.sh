#!/usr/bin/env bash
# libpanther from an installed prefix: the archive, its pkg-config file, the example program; and
# what else cmake --install puts there.
source "$(dirname "$0")/common.bash"

prefix=$work/prefix
check "it installs" cmake --install "$(dirname "$PANTHER")" --prefix "$prefix"
for file in bin/panther lib/libpanther.a include/panther.h lib/pkgconfig/panther.pc \
    share/man/man1/panther.1 share/bash-completion/completions/panther \
    share/zsh/site-functions/_panther share/panther/machines/panther.yaml; do
    check "installed: $file" test -s "$prefix/$file"
done
check "the installed program is the program" cmp "$PANTHER" "$prefix/bin/panther"
names=$(nm -g --defined-only "$prefix/lib/libpanther.a" | awk 'NF == 3 && $3 !~ /^panther_/')
check "only panther_ names are global" test -z "$names"
undocumented=$(nm -g --defined-only "$prefix/lib/libpanther.a" | awk 'NF == 3 { print $3 }' |
    while read -r name; do grep -qw "$name" "$prefix/include/panther.h" || echo "$name"; done)
check "and all of them are in the header ${undocumented:-}" test -z "$undocumented"

# The example, built where nothing but the prefix is known. It may be moved.
mv "$prefix" "$work/moved"
prefix=$work/moved
mkdir "$work/elsewhere" && cd "$work/elsewhere" || exit 1
cp "$examples/library/perceptron.c" .
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
same "version" "panther $(pkg-config --modversion panther)" "$("$prefix/bin/panther" --version)"
# shellcheck disable=SC2046
check "the example builds" cc -Wall -Wextra -Werror perceptron.c -o perceptron \
    $(pkg-config --cflags --libs panther) -lm
expect "it runs" 0 "800 kernels" ./perceptron w.safetensors
errors=$(./perceptron | sed -n 's/.*mean error //p' | tr '\n' ' ')
check "it learns (mean errors $errors)" awk -v e="$errors" \
    'BEGIN { split(e, x, " "); exit !(x[1] > 0.3 && x[2] < 0.1) }'
check "weights are saved" test -s w.safetensors
expect "a file that cannot be written" 1 "cannot write" ./perceptron none/w.safetensors
printf '#include <panther.h>\nint main() { return !panther_version(); }\n' >cpp.cc
if command -v c++ >/dev/null; then
    # shellcheck disable=SC2046
    check "from C++" c++ cpp.cc -o cpp $(pkg-config --cflags --libs panther)
else
    echo "skip - from C++: there is no compiler"
fi
finish
