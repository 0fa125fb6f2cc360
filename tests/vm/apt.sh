# apt.sh - an apt of our own: Debian's packages of any suite and architecture, from the mirror and
# by the keys that this machine's own apt uses. It works in a directory of its own, so the machine's
# package lists stay as they are, and root isn't needed. Read by tests/vm/kernel, tests/vm/root and
# scripts/cross.
#
#	ARCH=arm64			default: amd64
#	. tests/vm/apt.sh		the top directory of the project is the current one
#	own_apt				from here on apt-get and apt-cache are that one's
#
# $cache is where all that is fetched is kept, ${SOCKRAY_CACHE:-~/.cache/sockray}; $log says what
# apt had to complain about. `skip WHY` exits with 77.
ARCH=${ARCH:-amd64}
cache=${SOCKRAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sockray}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

skip() {
	echo "${0##*/}: $what: $*" >&2
	exit 77
}

# mirror SUITES: the URI that the machine's sources name for one of these suites
mirror() {
	apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE)' \
		'Created-By: Packages' | awk -v suite="^($1)\$" '$2 ~ suite && !n++ { print $1 }'
}

own_apt() {
	for program in apt-get dpkg-deb flock; do
		command -v $program >/dev/null || skip "this needs $program"
	done
	apt=$cache/apt-$ARCH log=$cache/apt-$ARCH/log
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	exec 9>"$apt/lock"
	flock 9		# it serves one at a time

	names='bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable'
	main=$(mirror "$names")
	security=$(mirror "($names)-security")
	[ -n "$main" ] || skip "apt's sources name no Debian mirror"
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -e $keys ] && signed="signed-by=$keys" || signed=	# else those in trusted.gpg.d

	: >"$apt/status"
	for suite in bullseye bookworm bookworm-backports trixie trixie-backports forky sid \
		experimental; do
		echo "deb [arch=$ARCH $signed] $main $suite main"
	done >"$apt/sources.list"
	[ -z "$security" ] || for suite in bullseye bookworm trixie; do
		echo "deb [arch=$ARCH $signed] $security $suite-security main"
	done >>"$apt/sources.list"

	# Of the machine's settings only those for downloading: its hooks would run on the host
	{
		apt-config dump | grep '^Acquire::'
		cat <<-END
			APT::Architecture "$ARCH";
			APT::Architectures { "$ARCH"; };
			APT::Sandbox::User "root";
			Dir::State "$apt";
			Dir::State::status "$apt/status";
			Dir::Cache "$apt/cache";
			Dir::Etc::sourcelist "$apt/sources.list";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::preferences "/dev/null";
			Dir::Etc::preferencesparts "/dev/null";
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
		END
	} >"$apt/apt.conf"
	export APT_CONFIG="$apt/apt.conf"

	# A mirror that lacks some of the suites is good enough, so apt's exit code says little
	if [ -z "$(find "$apt/updated" -mmin -60 2>/dev/null)" ]; then
		echo "${0##*/}: asking the mirror for its $ARCH packages" >&2
		apt-get -qq update 2>"$log" || :
		touch "$apt/updated"
	fi
}

# unpack_packages DIR PACKAGE...: these of Debian 12, and all that they depend on
unpack_packages() {
	dir=$1
	shift
	apt-get -qq -t bookworm --no-install-recommends --download-only install "$@" \
		>"$log" 2>&1 || skip "download failed, see $log"
	for deb in "$apt"/cache/archives/*.deb; do
		dpkg-deb --extract "$deb" "$dir"
	done
	rm -f "$apt"/cache/archives/*.deb
}
