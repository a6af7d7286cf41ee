# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Completion of kgcctl for bash. What can be said is kgcctl's to know: see its
# complete.c.

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
	# what goes on behind a comma or an equals sign is not finished
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _kgcctl kgcctl
