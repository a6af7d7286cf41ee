# shellcheck shell=bash
# shellcheck disable=SC2154 # cache comes from lib.sh
# A private apt state: packages of any suite, for any architecture, without root and
# without changes to the host's configuration. It uses the mirror of the host's apt, and
# checks signatures with the archive's keyring.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

mirror_of() {	# mirror_of PATTERN: the site from which the host fetches such a release
	# shellcheck disable=SC2016 # apt expands these, not the shell
	apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' 2>/dev/null |
		awk -v want="$1" '$1 ~ want { print $2; exit }'
}

apt_setup() {	# apt_setup SUITE ARCH: make the state, set APT_CONFIG to it
	local suite=$1 arch=$2 dir=$cache/apt/$1-$2
	export APT_CONFIG=$dir/apt.conf
	# kernels of one suite have locks of their own, but share this state
	[ -z "${KGC_REFRESH:-}" ] && [ -e "$dir/updated" ] ||
		with_lock "apt-$suite-$arch" apt_update
}

apt_update() {
	local main security log=$cache/log/apt-$suite-$arch.log
	[ -n "${KGC_REFRESH:-}" ] || [ ! -e "$dir/updated" ] || return 0
	[ -r "$keyring" ] || die "$keyring is missing: install debian-archive-keyring"
	main=$(APT_CONFIG='' mirror_of '^(bookworm|trixie|stable)$')
	security=$(APT_CONFIG='' mirror_of -security)
	[ -n "$main" ] || die "apt knows no Debian mirror: add one to /etc/apt/sources.list"
	mkdir -p "$dir"/{state/lists/partial,cache/archives/partial,sources.d}
	: >"$dir/status"
	cat >"$APT_CONFIG" <<-END
		Dir::State "$dir/state";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "$dir/sources.d";
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
		APT::Update::Error-Mode "any";
	END
	{
		echo "deb [signed-by=$keyring] $main $suite main"
		case $suite in
		*-backports | sid) ;;	# newer versions fix bugs there
		*)	[ -z "$security" ] ||
				echo "deb [signed-by=$keyring] $security $suite-security main" ;;
		esac
	} >"$dir/sources.list"
	say APT "package lists of $suite ($arch)"
	apt-get -qq update >"$log" 2>&1 ||
		die "apt could not fetch the lists of $suite: is the mirror up? see $log"
	date -u +%FT%TZ >"$dir/updated"
}

apt_names() {	# apt_names REGEX: names of known packages
	apt-cache pkgnames | grep -E "^($1)$" || :
}

apt_version() {	# apt_version PACKAGE: its newest version
	apt-cache madison "$1" | awk -F' *[|] *' '{ print $2 }' | sort -rV | head -n 1
}

# apt_use PACKAGE COMMAND...: run COMMAND FILE with the newest version, then remove the
# file. The lock is there because kernels share packages.
apt_use() {
	with_lock "package-$1" apt_use_alone "$@"
}

apt_use_alone() {
	local deb
	deb=$(apt_deb "$1")
	"${@:2}" "$deb"
	rm -f "$deb"
}

apt_deb() {	# apt_deb PACKAGE: fetch its newest version, print the file's path
	local package=$1 version file log=$cache/log/download-$1.log
	version=$(apt_version "$package")
	[ -n "$version" ] || die "apt has no package $package: try again with KGC_REFRESH=1"
	mkdir -p "$cache/debs"
	for file in "$cache/debs/${package}_${version//:/%3a}"_*.deb; do
		[ ! -e "$file" ] || { echo "$file"; return; }
	done
	say FETCH "$package $version"
	local tmp
	tmp=$(mktemp -d "$cache/debs/tmp.XXXXXX")
	(cd "$tmp" && apt-get -qq download "$package=$version") >"$log" 2>&1 || {
		rm -rf "$tmp"
		die "could not fetch $package $version: see $log, then try KGC_REFRESH=1"
	}
	file=$(echo "$tmp"/*.deb)
	mv "$file" "$cache/debs/"
	rmdir "$tmp"
	echo "$cache/debs/${file##*/}"
}
