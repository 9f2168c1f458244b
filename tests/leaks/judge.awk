# Holds what was reported against the truth. Files: the truth of tests/leaks/truth.h; then lines "TIER 0xADDRESS SIZE" of
# what was reported. Prints one line, separated by blanks:
#
#   LOST FOUND SUSPECTED ACCUSED ODD CODED SEEN SIZES
#
#   LOST       objects that are leaked
#   FOUND      of them, reported as leaked
#   SUSPECTED  of them, reported as weak or hidden alone
#   ACCUSED    objects alive by a native pointer, reported as leaked (what the truth does not name is alive)
#   ODD        of them, those alive only by a pointer to an odd place
#   CODED      objects alive whose pointer is in code
#   SEEN       of them, reported as hidden
#   SIZES      reported with another size than malloc_usable_size's
#
# On stderr, with `say`: the first of each kind that is wrong.
function complain(what, address) {
	if (say && complaints[what]++ < 3)
		print "    " what ": " address ", " (address in size ? size[address] : reported_size[address]) " bytes, truth: " \
			(address in tier ? tier[address] : "alive, not named") >"/dev/stderr"
}
FNR == NR {
	if ($1 == "freed") {
		delete tier[$2]
	} else {
		tier[$2] = $1
		size[$2] = $3
	}
	next
}
{
	reported[$2] = $1
	reported_size[$2] = $3
}
END {
	for (address in tier) {
		t = tier[address]
		r = address in reported ? reported[address] : "-"
		if (t == "leaked") {
			lost++
			if (r == "leaked")
				found++
			else if (r != "-") {
				suspected++
				complain("leaked, but reported as " r, address)
			} else
				complain("leaked, but not reported", address)
			if (r != "-" && reported_size[address] != size[address]) {
				sizes++
				complain("reported with " reported_size[address] " bytes", address)
			}
		} else if (t == "hidden") {
			coded++
			if (r == "hidden")
				seen++
		}
	}
	for (address in reported)
		if (reported[address] == "leaked" && (!(address in tier) || tier[address] == "live" || tier[address] == "weak")) {
			accused++
			if (tier[address] == "weak")
				odd++
			complain("accused", address)
		}
	printf "%d %d %d %d %d %d %d %d\n", lost, found, suspected, accused, odd, coded, seen, sizes
}
