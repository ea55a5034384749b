#!/usr/bin/env bash
# report: pages and tables hold what the statistics say, in a browser too where there is one.
source "$(dirname "$0")/common.bash"
program=$examples/mlp_digits.pan
run() { "$PANTHER" run "$@" 2>&1; }
report() { "$PANTHER" report "$@" 2>&1; }

run "$program" --epochs 2 --wear --stats "$work/a.json" --report "$work/a.html" >"$work/out"
expect "the page is announced" 0 "$work/a.html" grep '^report' "$work/out"
expect "a table for terminals" 0 "Energy by component" report "$work/a.json" -o "$work/b.html"
check "the page comes from the statistics alone" cmp "$work/a.html" "$work/b.html"
check "quiet prints nothing" test -z "$(report -q "$work/a.json" -o "$work/b.html")"
expect "the exact command is on it" 0 "panther run $program --epochs 2 --wear" cat "$work/a.html"
run "$program" --epochs 1 -q --stats "$work/it's.json"
expect "as a shell takes it" 0 "--stats '$work/it'\\\\''s.json'" cat "$work/it's.json"
expect "and the machine file" 0 "t_serial_write: " cat "$work/a.html"

# Comparison: variants and slicings against the first run.
run "$program" --epochs 1 --variant 1 -q --stats "$work/v1.json"
run "$program" --epochs 1 --slices 55555555 -q --stats "$work/5.json"
expect "ratios per component" 0 "serial_write" \
    report "$work/a.json" "$work/v1.json" "$work/5.json" -o "$work/cmp.html"
expect "ratios per layer" 0 "dense_2" report "$work/a.json" "$work/v1.json"
expect "what differs" 0 "v1: 1" report "$work/a.json" "$work/v1.json"
expect "the page of them" 0 "cmp-energy-by-layer" cat "$work/cmp.html"
run "$program" --epochs 1 --interpreter float -q --report "$work/float.html"
expect "an interpreter's run" 0 "interpreters count no cycles" cat "$work/float.html"
run "$examples/mlp_l4.pan" --timing-only -q --report "$work/timing.html"
expect "a run without training" 0 "Nothing was trained" cat "$work/timing.html"

# Broken input, and nothing half-written.
printf '{"panther": "0.1.0", "command": "", "engine": "emulator"' >"$work/cut.json"
echo '[]' >"$work/list.json"
echo '{"schema": 1}' >"$work/other.json"
expect "a file that is cut off" 1 "it is no JSON" report "$work/cut.json" -o "$work/x.html"
expect "a list" 1 "holds no object" report "$work/list.json" -o "$work/x.html"
expect "another JSON file" 1 "has no 'panther'" report "$work/a.json" "$work/other.json" \
    -o "$work/x.html"
expect "an image" 1 "it is no JSON" report "$PANTHER" -o "$work/x.html"
expect "a file that is not there" 1 "cannot read" report "$work/none.json"
expect "no file" 2 "report takes" report
expect "a folder that is not there" 1 "cannot write" report "$work/a.json" -o "$work/no/x.html"
expect "a page that cannot be written" 1 "cannot write" \
    run "$program" --epochs 1 --report "$work/no/x.html"
check "no page was left" test ! -e "$work/x.html"
check "nor a part of one" test -z "$(find "$work" -name '*.part')"

if ! command -v python3 >/dev/null; then
    echo "skip - figures of the page: python3 is not installed"
    finish
fi
check_page() { python3 -B "$root/tests/cli/report_check.py" "$@"; }
expect "figures add up and are those of the page" 0 "sections 8" \
    check_page "$work/a.json" <"$work/a.html"
run "$program" --epochs 1 --machine panther_overlapped --variant 3 -q --stats "$work/o.json" \
    --report "$work/o.html"
expect "on another machine too" 0 "charts" check_page "$work/o.json" <"$work/o.html"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo "skip - the page in a browser: chromium is not installed"
    finish
}
browse()
{
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --hide-scrollbars --enable-logging=stderr --user-data-dir="$work/profile" \
        --host-resolver-rules="MAP * ~NOTFOUND" "$@" 2>>"$work/browser.log"
}
if browse --dump-dom "file://$work/a.html" >"$work/dom.html" && [ -s "$work/dom.html" ]; then
    expect "figures in the browser's DOM" 0 "sections 8" check_page "$work/a.json" <"$work/dom.html"
    check "no message on its console" test -z "$(grep 'CONSOLE' "$work/browser.log")"
    for width in 1200 420; do
        browse --window-size=$width,4000 --screenshot="$work/$width.png" "file://$work/a.html"
        check "a picture $width wide" test "$(stat -c %s "$work/$width.png")" -gt 50000
    done
    # Nothing is wider than the window: the page measures itself.
    sed 's|</body>|<script>document.title = document.documentElement.scrollWidth</script></body>|' \
        "$work/a.html" >"$work/wide.html"
    expect "it fits a narrow window" 0 "<title>500" \
        browse --window-size=500,900 --dump-dom "file://$work/wide.html"
else
    echo "skip - the page in a browser: $browser does not start here"
fi
finish
