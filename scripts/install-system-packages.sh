#!/bin/sh
# The system packages that some tests use, and what for:
#   - a Chromium, for the tests that open the HTML report in a browser;
#   - PostgreSQL, Redis, Node with npm, make and a C++ compiler, for the tests against the real Bluesky servers;
#   - with the argument "java" also Java, for the tests of the Spark jobs on Spark's own engine.
# Found: nothing is done. Missing, on Debian or a relative of it, as root or with passwordless sudo: they are installed;
# no service is started by that, the tests start their own. Otherwise it says what is missing; those tests are then
# skipped and all others run. The exit status is always 0.
# HEADCOUNT_CHROMIUM names the browser to use.

wanted=${1:-}

find_chromium() {
    if [ -n "${HEADCOUNT_CHROMIUM:-}" ]; then
        command -v "$HEADCOUNT_CHROMIUM"
        return
    fi
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return
    done
    return 1
}

find_postgres() {
    command -v initdb && return
    for program in /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$program" ] && echo "$program" && return
    done
    return 1
}

# The Debian packages that are missing: for the browser tests (none where a browser is named), for the Bluesky servers,
# for Spark.
missing_for_browser() {
    [ -n "${HEADCOUNT_CHROMIUM:-}" ] || find_chromium >/dev/null || echo chromium
}

missing_for_servers() {
    find_postgres >/dev/null || echo postgresql
    command -v redis-server >/dev/null || echo redis-server
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
    command -v make >/dev/null || echo make
    command -v c++ >/dev/null || echo g++
}

missing_for_spark() {
    [ "$wanted" != java ] || [ -n "${JAVA_HOME:-}" ] || command -v java >/dev/null || echo default-jre-headless
}

missing() {
    missing_for_browser
    missing_for_servers
    missing_for_spark
}

# What is still missing, which tests that skips, and how to get it; with the reason why it was not installed.
say_and_stop() {
    for_browser=$(missing_for_browser)
    for_servers=$(missing_for_servers | tr '\n' ' ' | sed 's/ $//')
    if [ -n "$for_browser" ]; then
        echo "Browser tests are skipped: $1" >&2
        echo "To run them, install Chromium (Debian: apt-get install chromium), or name one in HEADCOUNT_CHROMIUM." >&2
    fi
    if [ -n "$for_servers" ]; then
        echo "Tests against the real Bluesky servers are skipped: $1" >&2
        echo "To run them, install what is missing (Debian: apt-get install $for_servers)." >&2
    fi
    if [ -n "$(missing_for_spark)" ]; then
        echo "Tests on Spark's own engine are skipped: $1" >&2
        echo "To run them, install Java 17 or newer (Debian: apt-get install default-jre-headless)." >&2
    fi
    exit 0
}

# Runs a command with a policy that says: start no service. A policy that is there already is left as it is.
without_services() {
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null && $as_root chmod 755 "$policy"
    "$@"
    status=$?
    $as_root rm -f "$policy"
    return $status
}

if [ -n "${HEADCOUNT_CHROMIUM:-}" ] && ! find_chromium >/dev/null; then
    echo "Browser tests are skipped: HEADCOUNT_CHROMIUM names $HEADCOUNT_CHROMIUM, which is not there." >&2
fi
packages=$(missing)
if [ -z "$packages" ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    say_and_stop "there is no apt-get to install what is missing."
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    say_and_stop "there is no right to install what is missing."
fi

echo "Installing with apt-get, for tests:" $packages "…"
log=$(mktemp)
$as_root apt-get update >"$log" 2>&1 || tail -n 3 "$log" >&2
for package in $packages; do # one by one: a package that cannot be had takes no other one with it
    without_services $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$package" >"$log" 2>&1 || tail -n 3 "$log" >&2
done
rm -f "$log"
if [ -n "$(missing)" ]; then
    say_and_stop "not everything could be installed."
fi
