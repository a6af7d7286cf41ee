# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Completion of kgcctl for bash. kgcctl itself knows what can follow: see its complete.c.

_kgcctl() {
	local word rest

	COMPREPLY=()
	while IFS=$'\t' read -r word rest; do
		if [ "$word" = :files ]; then
			compopt -o default 2>/dev/null
			return
		fi
		COMPREPLY+=("$word")
	done < <("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	# a word that may continue with a comma or an equals sign is not finished
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _kgcctl kgcctl
