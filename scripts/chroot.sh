# chroot.sh - a new, minimal Debian 12 in a chroot, for scripts/fresh and scripts/package, which set
# `me`, their name in messages. Root and debootstrap are needed; exit 77 where it can't be made.
#
#	chroot_alone "$@"	first: runs the script again with --inside DIR in a mount namespace of its
#				own, removes DIR at the end (KEEP=1: doesn't) and exits
#	chroot_make DIR		debootstrap, with this machine's mirror, proxy and certificates
#	chroot_mount DIR	/proc, /sys and /dev
#	chroot_run DIR COMMAND	sh -c COMMAND there

skip() {
	echo "$me: $*" >&2
	exit 77
}

chroot_alone() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	command -v debootstrap >/dev/null || skip "needs debootstrap"
	dir=$(mktemp -d "${TMPDIR:-/tmp}/$me.XXXXXX")
	chmod 755 "$dir"	# apt's own user has to get in
	trap '[ "${KEEP:-}" ] && echo "$me: kept $dir" || rm -rf --one-file-system "$dir"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	unshare --mount --propagation private "$0" --inside "$dir" "$@"
	exit
}

chroot_make() {
	dir=$1
	names='bookworm|trixie|forky|sid|oldstable|stable|testing|unstable'
	mirror=$(dirname "$0")/mirror
	main=$("$mirror" "$names")
	security=$("$mirror" "($names)-security")
	[ -n "$main" ] || skip "apt's sources name no Debian mirror"
	keys=/usr/share/keyrings/debian-archive-keyring.gpg

	# debootstrap fetches with wget, which doesn't read apt's settings
	eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
	[ -z "${http_proxy:-}" ] || export http_proxy
	[ -z "${https_proxy:-}" ] || export https_proxy

	echo "$me: making the chroot"
	debootstrap --variant=minbase --keyring=$keys bookworm "$dir" "$main" >"$dir/debootstrap.out" ||
		{ tail -n 20 "$dir/debootstrap.out" >&2; skip "debootstrap failed"; }

	{
		echo "deb [signed-by=$keys] $main bookworm main"
		echo "deb [signed-by=$keys] $main bookworm-updates main"
		[ -z "$security" ] || echo "deb [signed-by=$keys] $security bookworm-security main"
	} >"$dir/etc/apt/sources.list"
	# how to reach the mirror; the machine's other settings and hooks stay outside
	apt-config dump | grep '^Acquire::' >"$dir/etc/apt/apt.conf.d/99$me"
	for file in /etc/apt/auth.conf /etc/apt/auth.conf.d /etc/hosts /etc/resolv.conf \
		/etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates; do
		[ ! -e $file ] || (cd / && tar -chf - ".$file") | tar -C "$dir" -xf -
	done
}

chroot_mount() {
	dir=$1
	# a root that is a mount, as every machine's is: ip netns and unshare need one
	mount --bind "$dir" "$dir"
	mount -t proc proc "$dir/proc"
	mount --rbind /sys "$dir/sys"
	mount --rbind /dev "$dir/dev"
}

chroot_run() {
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		TERM="${TERM:-dumb}" chroot "$1" sh -c "$2" </dev/null
}
